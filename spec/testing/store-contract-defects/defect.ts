import type { EventStore } from 'millrace';

/** A store that breaks a promise, and how its case says so. */
export interface StoreDefect {
  /** What is wrong with it. */
  readonly defect: string;
  /** The name of the case that finds it. */
  readonly found: string;
  readonly message: RegExp;
  readonly open: () => EventStore;
  /** Whether it has several clients. */
  readonly isShared?: boolean;
}
