import type { Status } from './status.ts';

/** Where the demo tells what happens. */
export interface Screen {
  /** How often it wants to be shown the status. */
  readonly refreshMs: number;
  /** Says something that stays. */
  say(line: string): void;
  /** Shows how things stand. */
  show(status: Status): void;
  /** Takes the status away; what is said still appears. */
  close(): void;
}
