import { type CreateSubject, Moved } from '../contestants/next/moved.ts';
import { MAX_AMOUNT, measureEmitter, type Tally, writeHandler } from './measure-emitter.ts';
import type { Entrant } from './row.ts';

/** Measures how long a subject takes to hand on a message that was made before. */
export function subjectEntrant(createSubject: CreateSubject, subscribers: number): Entrant {
  const messages = Array.from({ length: MAX_AMOUNT }, (_, amount) => Moved.create({ amount }));
  return {
    run: (task) => {
      const tally: Tally = { sum: 0 };
      const subject = createSubject();
      for (let count = 0; count < subscribers; count++) subject.subscribe(writeHandler(tally));
      return measureEmitter(task, { handlers: subscribers, tally, emit: (amount) => subject.next(messages[amount]!) });
    },
  };
}
