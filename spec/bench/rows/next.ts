import { createEventSubject, defineEvent, type EventMessage, payload } from 'millrace';
import { Subject } from 'rxjs';
import { timeAtMost } from '../harness/floor.ts';
import { MAX_AMOUNT, measureEmitter, type Tally, writeHandler } from '../harness/measure-emitter.ts';
import { type Entrant, NS_PER_EVENT, type Row } from '../harness/row.ts';

type MovedMessage = EventMessage<'moved', { amount: number }>;

const Moved = defineEvent('moved', payload<{ amount: number }>());

const subjects: Readonly<Record<string, () => Subject<MovedMessage>>> = {
  millrace: () => createEventSubject(Moved),
  'rxjs Subject': () => new Subject(),
};

/** Messages that were made before, sent to plain subscribers. */
export const nextRows: readonly Row[] = [
  nextRow({ subscribers: 1, events: 1_000_000 }),
  nextRow({ subscribers: 10, events: 200_000 }),
];

function nextRow({ subscribers, events }: { subscribers: number; events: number }): Row {
  return {
    name: `next-${subscribers}`,
    title: `EventSubject.next to ${subscribers === 1 ? '1 plain subscriber' : `${subscribers} plain subscribers`}, the message made before`,
    metrics: [NS_PER_EVENT],
    reference: 'rxjs Subject',
    contestants: Object.entries(subjects).map(([name, create]) => ({
      name,
      events,
      load: async () => entrantOf(create, subscribers),
    })),
    floors: [timeAtMost('rxjs Subject', 1.1)],
  };
}

function entrantOf(create: () => Subject<MovedMessage>, subscribers: number): Entrant {
  const messages = Array.from({ length: MAX_AMOUNT }, (_, amount) => Moved.create({ amount }));
  return {
    run: (task) => {
      const tally: Tally = { sum: 0 };
      const subject = create();
      for (let count = 0; count < subscribers; count++) subject.subscribe(writeHandler(tally));
      return measureEmitter(task, { handlers: subscribers, tally, emit: (amount) => subject.next(messages[amount]!) });
    },
  };
}
