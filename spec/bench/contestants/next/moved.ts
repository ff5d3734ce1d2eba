import { defineEvent, type EventMessage, payload } from 'millrace';
import type { Subject } from 'rxjs';

/** What is sent. */
export const Moved = defineEvent('moved', payload<{ amount: number }>());

export type CreateSubject = () => Subject<EventMessage<'moved', { amount: number }>>;
