import type { DropReason } from '../core/outcome.ts';
import type { CircuitState } from '../flow/circuit.ts';
import type { LaneSize } from '../flow/lanes.ts';

/**
 * What one handler has done and has to do. At every moment
 * `accepted + redriven = handled + dead + dropped + pending`, and `pending = running + waiting + betweenAttempts`.
 */
export interface ProcessorStats {
  /** The handler's name. */
  readonly name: string;
  /** `draining` takes nothing more; `paused` starts nothing more. */
  readonly state: 'closed' | 'draining' | 'open' | 'paused';
  /** Copies taken. */
  readonly accepted: number;
  /** Copies taken again from the dead letters. */
  readonly redriven: number;
  /** Copies that ended well. */
  readonly handled: number;
  /** Copies that became dead letters. */
  readonly dead: number;
  /** Copies that a policy dropped, and those that went back to their broker. */
  readonly dropped: number;
  /** `dropped`, by reason. */
  readonly droppedBy: Readonly<Record<DropReason, number>>;
  /** Taken and not ended. */
  readonly pending: number;
  /** Events in attempts in flight; ≤ `concurrency`, of batches times their `maxSize`. */
  readonly running: number;
  /** In the waiting room. */
  readonly waiting: number;
  /** Failed, and waiting for the next attempt or for their letter to be stored. */
  readonly betweenAttempts: number;
  /** Not taken: refused by `overflow: 'fail'`, by `trySend`, or because it was closed. */
  readonly rejected: number;
  /** Producers that wait for room. */
  readonly suspended: number;
  /** Attempts after the first; those of a batch count once. */
  readonly retried: number;
  /** Results that came after the attempt was given up; that of a batch counts once. */
  readonly late: number;
  /** As the option says. */
  readonly concurrency: number;
  /** As the option says. */
  readonly capacity: number;
  /** Milliseconds since the oldest attempt in flight started: a handler that hangs is seen here. */
  readonly longestRunningMs: number;
  /** With `breaker`: the state of its circuit. */
  readonly circuit?: CircuitState;
  /** With `key`: the five fullest lanes. */
  readonly lanes?: readonly LaneSize[];
}

/** How a drain ended. The counts are of the events that ended since it began. */
export interface DrainReport {
  /** Whether everything was finished before the deadline, and nothing was given up. */
  readonly completed: boolean;
  /** Ended well. */
  readonly handled: number;
  /** Dead, those abandoned included. */
  readonly dead: number;
  /** Dropped by a policy. */
  readonly dropped: number;
  /** Given up at the deadline: each has a dead letter, or goes back to its broker. With them what was emitted, and was not confirmed before its bus or its broker closed: it has no letter. */
  readonly abandoned: number;
  /** Milliseconds. */
  readonly durationMs: number;
}

/** When a drain gives up. */
export interface DrainOptions {
  /** Milliseconds after which what is still pending is abandoned; ≥ 0. @defaultValue none: it waits for all */
  readonly deadlineMs?: number;
}

/** The counters behind {@link ProcessorStats}. */
export class Counters {
  accepted = 0;
  redriven = 0;
  handled = 0;
  dead = 0;
  pending = 0;
  rejected = 0;
  retried = 0;
  late = 0;
  readonly droppedBy: Record<DropReason, number> = {
    busy: 0,
    'drop-newest': 0,
    'drop-oldest': 0,
    'handed-back': 0,
    superseded: 0,
  };

  get dropped(): number {
    const { droppedBy } = this;
    const byPolicy = droppedBy.busy + droppedBy['drop-newest'] + droppedBy['drop-oldest'] + droppedBy.superseded;
    return byPolicy + droppedBy['handed-back'];
  }
}
