import type { StoreCase } from '../store-contract-case.ts';
import { appendingCases } from './appending.ts';
import { carriageCases } from './carriage.ts';
import { deletingCases } from './deleting.ts';
import { documentCases } from './documents.ts';
import { idCases } from './ids.ts';
import { lifeCases } from './life.ts';
import { lockCases } from './locks.ts';
import { namingCases } from './naming.ts';
import { racingCases } from './racing.ts';
import { readingCases } from './reading.ts';
import { refusalCases } from './refusals.ts';
import { subscribingCases } from './subscribing.ts';

/** All that an event store promises. */
export const storeCases: readonly StoreCase[] = [
  ...appendingCases,
  ...racingCases,
  ...idCases,
  ...carriageCases,
  ...namingCases,
  ...refusalCases,
  ...readingCases,
  ...subscribingCases,
  ...deletingCases,
  ...documentCases,
  ...lockCases,
  ...lifeCases,
];
