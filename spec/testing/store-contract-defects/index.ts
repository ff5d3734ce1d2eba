import type { StoreDefect } from './defect.ts';
import { keepingDefects } from './keeping.ts';
import { nextClientDefects } from './next-client.ts';
import { namingDefects } from './naming.ts';
import { racingDefects } from './racing.ts';
import { readingDefects } from './reading.ts';
import { writingDefects } from './writing.ts';

/** At least one broken store for each case of the contract. */
export const STORE_DEFECTS: readonly StoreDefect[] = [
  ...writingDefects,
  ...racingDefects,
  ...namingDefects,
  ...readingDefects,
  ...keepingDefects,
  ...nextClientDefects,
];
