import type { SchedulerLike } from 'rxjs';
import type { EventMessage } from '../../core/message.ts';
import { preview } from '../preview.ts';

/** So many are shown, the latest; the others are counted. */
const SHOWN = 20;

interface Arrival {
  readonly atMs: number;
  readonly message: EventMessage;
  /** It was of the kind that is waited for, but not what is waited for. */
  readonly isRefused: boolean;
}

/** What arrived while somebody waited for something else, as text. */
export class Arrivals {
  readonly #scheduler: SchedulerLike;
  readonly #startedAt: number;
  readonly #latest: Arrival[] = [];
  #count = 0;
  #refused = 0;

  constructor(scheduler: SchedulerLike) {
    this.#scheduler = scheduler;
    this.#startedAt = scheduler.now();
  }

  /** Milliseconds since it began. */
  get elapsedMs(): number {
    return Math.round(this.#scheduler.now() - this.#startedAt);
  }

  add(message: EventMessage, isRefused: boolean): void {
    this.#count++;
    if (isRefused) this.#refused++;
    this.#latest.push({ atMs: this.elapsedMs, message, isRefused });
    if (this.#latest.length > SHOWN) this.#latest.shift();
  }

  /** How many were of the kind that is waited for, and then each of them, a line each. */
  toString(): string {
    if (this.#count === 0) return 'Nothing arrived at all since the call; what came before it does not count.';
    const hidden = this.#count - this.#latest.length;
    const lines = [
      `What arrived, with the milliseconds since the call${hidden > 0 ? `, and ${hidden} before that` : ''}:`,
      ...align(this.#latest.map(describe)).map((line) => `  ${line}`),
    ];
    return `${this.#refused === 0 ? '' : `${this.#refused} of that type did, but failed \`where\`. `}${lines.join('\n')}`;
  }
}

function describe({ atMs, message, isRefused }: Arrival): readonly string[] {
  return [`+${atMs}`, message.type, preview(message.data, 100), isRefused ? '(failed `where`)' : ''];
}

/** In columns; the last two need no common width. */
function align(rows: readonly (readonly string[])[]): readonly string[] {
  const [times, types] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map(([time, type, ...rest]) =>
    [time!.padStart(times!), type!.padEnd(types!), ...rest].join('  ').trimEnd(),
  );
}
