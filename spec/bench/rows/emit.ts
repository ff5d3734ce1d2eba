import type { OpenEmitter } from '../contestants/emit/emitter.ts';
import { speedAtLeast, timeAtMost } from '../harness/floor.ts';
import { measureEmitter, type Tally, writeHandler } from '../harness/measure-emitter.ts';
import { type Entrant, NS_PER_EVENT, type Row } from '../harness/row.ts';

const emitters: Readonly<Record<string, () => Promise<{ readonly openEmitter: OpenEmitter }>>> = {
  millrace: () => import('../contestants/emit/millrace.ts'),
  nanoevents: () => import('../contestants/emit/nanoevents.ts'),
  eventemitter3: () => import('../contestants/emit/eventemitter3.ts'),
  mitt: () => import('../contestants/emit/mitt.ts'),
  'node:events': () => import('../contestants/emit/node-events.ts'),
  'rxjs Subject': () => import('../contestants/emit/rxjs-subject.ts'),
  '@rxfx/bus': () => import('../contestants/emit/rxfx-bus.ts'),
};

/** A stamped message each, emitted to so many synchronous handlers. */
export const emitRows: readonly Row[] = [
  emitRow({ handlers: 1, events: 400_000, speedup: 1.7 }),
  emitRow({ handlers: 10, events: 150_000, speedup: 2.8 }),
  emitRow({ handlers: 100, events: 20_000, speedup: 4 }),
];

function emitRow({ handlers, events, speedup }: { handlers: number; events: number; speedup: number }): Row {
  return {
    name: `emit-${handlers}`,
    title: `emit to ${handlers === 1 ? '1 handler' : `${handlers} handlers`}, a stamped message each`,
    metrics: [NS_PER_EVENT],
    reference: 'nanoevents',
    contestants: Object.entries(emitters).map(([name, load]) => ({
      name,
      // It makes a promise per event and handler, and all of them stay until the loop ends.
      events: name === '@rxfx/bus' ? events / 100 : events,
      load: async () => entrantOf((await load()).openEmitter, handlers),
    })),
    floors: [timeAtMost('nanoevents', 1.3), speedAtLeast(['rxjs Subject'], speedup)],
    notes: [
      'Only millrace and @rxfx/bus keep a handler that throws from harming the emitter and the other handlers.',
      'Each handler has code of its own, as in a program: closures of one function would be inlined into the loop of the shortest emitters.',
    ],
  };
}

function entrantOf(openEmitter: OpenEmitter, handlers: number): Entrant {
  return {
    run: (task) => {
      const tally: Tally = { sum: 0 };
      const emit = openEmitter(Array.from({ length: handlers }, () => writeHandler(tally)));
      return measureEmitter(task, { handlers, tally, emit });
    },
  };
}
