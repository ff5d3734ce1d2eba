import { timeAtMost } from '../harness/floor.ts';
import { NS_PER_EVENT, type Row } from '../harness/row.ts';

const subjects = {
  millrace: () => import('../contestants/next/millrace.ts'),
  'rxjs Subject': () => import('../contestants/next/rxjs-subject.ts'),
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
    contestants: Object.entries(subjects).map(([name, load]) => ({
      name,
      events,
      load: async () => {
        const { subjectEntrant } = await import('../harness/subject-entrant.ts');
        return subjectEntrant((await load()).createSubject, subscribers);
      },
    })),
    floors: [timeAtMost('rxjs Subject', 1.1)],
  };
}
