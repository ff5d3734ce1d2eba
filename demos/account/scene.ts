import type { EventStore, ProcessorStats } from 'millrace';
import type { Sum } from '../shared/sums.ts';
import type { Options } from './options.ts';

/** What a chapter works with. */
export interface Scene {
  readonly store: EventStore;
  readonly options: Options;
  readonly say: (line: string) => void;
  /** Aborted by Ctrl-C. */
  readonly stop: AbortSignal;
}

/** What a chapter has counted, to be held against what is in the store. */
export interface Counted {
  readonly sums: readonly Sum[];
  readonly handlers?: readonly ProcessorStats[];
}
