import type { Floor } from './floor.ts';
import type { ServerName } from './server.ts';

/** What one round measured, by the name of the metric; NaN for what the contestant does not do. */
export type Measures = Readonly<Record<string, number>>;

/** What a round is asked to do. */
export interface Task {
  readonly events: number;
  /** What the row's `calibrate` found; 0 without one. */
  readonly calibration: number;
}

/** A contestant that is loaded, in a process of its own. */
export interface Entrant {
  /** One round on fresh objects. Throws when the result is wrong: a count, a sum, a dead letter. */
  run(task: Task): Measures | Promise<Measures>;
  /** After the last round: checks what a timed round cannot. */
  verify?(): Promise<void>;
}

/** One of those that are compared. */
export interface Contestant {
  readonly name: string;
  /** Per round. Slow ones are given fewer, so that a round takes each about as long. */
  readonly events: number;
  /** What differs from what the others do. */
  readonly note?: string | undefined;
  /** Imports the library under test: in its own process only. */
  readonly load: () => Promise<Entrant>;
}

/** What is measured; less is better. */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  /** It is nanoseconds for each, and shown as how many a second. */
  readonly isRate?: boolean;
}

/** One line of the speed table in the design. */
export interface Row {
  readonly name: string;
  readonly title: string;
  readonly metrics: readonly Metric[];
  /** The contestant that the ratios are against; none where there is only one. */
  readonly reference?: string;
  readonly contestants: readonly Contestant[];
  readonly floors: readonly Floor[];
  /** A server; the row is skipped, and named, where there is none. */
  readonly needs?: 'postgres' | ServerName | undefined;
  /** How long a contestant may take for a round, in milliseconds. @default 120,000 */
  readonly patienceMs?: number;
  /** Processes per contestant, one after the other. @default 3 */
  readonly generations?: number;
  /** Measured rounds per process. @default 3 */
  readonly rounds?: number;
  /** Rounds per process that are run first and not counted. @default 1 */
  readonly warmups?: number;
  /** What each contestant is given in those. @default as many events as later */
  readonly warmupEvents?: number;
  /** What each contestant is given in a quick run. @default a quarter of its events */
  readonly quickEvents?: number;
  /** Finds, once and for all contestants, what their rounds need to know. */
  readonly calibrate?: () => Promise<number>;
  /** For readers of the results. */
  readonly notes?: readonly string[];
}

/** The metric of most rows. */
export const NS_PER_EVENT: Metric = { name: 'nsPerEvent', unit: 'ns/event' };
