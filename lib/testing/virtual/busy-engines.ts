import { type NewEngine, watchNewEngines } from '../../process/new-engines.ts';
import type { ProcessorStats } from '../../process/stats.ts';

/** The handlers of a test, so that it can name those that have not come to rest. */
export class BusyEngines {
  private readonly all: NewEngine[] = [];
  private readonly stop: () => void;

  constructor() {
    this.stop = watchNewEngines((engine) => this.all.push(engine));
  }

  /** A line for each handler with something to do; empty, if there is none. */
  toString(): string {
    const busy = this.all.map((engine) => engine.stats()).filter(({ pending, suspended }) => pending + suspended > 0);
    if (busy.length === 0) return '';
    return `Handlers with something to do:\n${busy.map((stats) => `  ${describe(stats)}`).join('\n')}\n`;
  }

  forget(): void {
    this.stop();
  }
}

/** Such as `'mail': 1 pending (1 between attempts), 4,999 retries`. */
function describe({ name, pending, running, waiting, betweenAttempts, retried, suspended }: ProcessorStats): string {
  const parts = Object.entries({ running, waiting, 'between attempts': betweenAttempts }).filter(
    ([, count]) => count > 0,
  );
  const shown = parts.map(([what, count]) => `${count} ${what}`).join(', ');
  const retries = retried > 0 ? `, ${retried.toLocaleString('en')} retries` : '';
  const producers = suspended > 0 ? `, ${suspended} waiting for room` : '';
  return `'${name}': ${pending} pending (${shown})${retries}${producers}`;
}
