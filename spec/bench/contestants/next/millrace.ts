import { createEventSubject } from 'millrace';
import { type CreateSubject, Moved } from './moved.ts';

export const createSubject: CreateSubject = () => createEventSubject(Moved);
