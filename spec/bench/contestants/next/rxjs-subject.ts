import { Subject } from 'rxjs';
import type { CreateSubject } from './moved.ts';

export const createSubject: CreateSubject = () => new Subject();
