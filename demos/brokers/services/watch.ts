import type { EventMessage, Handling, Probe } from 'millrace';
import type { Host } from './service.ts';
import type { Progress } from './reports.ts';

/** Reports what becomes of each event. What was reported is known, even if the process is killed at once. */
export function watchWith({ report }: Host): Probe {
  function note({ event }: Handling, progress: Progress): void {
    report({ kind: 'progress', event: (event as EventMessage).id, progress });
  }
  return {
    accepted: (handling) => note(handling, 'taken'),
    retried: () => report({ kind: 'retried' }),
    settled: (handling, { outcome }) => note(handling, outcome === 'handled' ? 'handled' : 'dead'),
    // Nothing else drops here.
    dropped: (handling) => note(handling, 'handed back'),
  };
}
