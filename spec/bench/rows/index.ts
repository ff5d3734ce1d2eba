import type { Row } from '../harness/row.ts';
import { channelRow } from './channel.ts';
import { emitRows } from './emit.ts';
import { failingRows } from './failing.ts';
import { growthRow } from './growth.ts';
import { keysRow } from './keys.ts';
import { nextRows } from './next.ts';
import { openLoopRow } from './open-loop.ts';
import { processorRow } from './processor.ts';
import { sizeRow } from './size.ts';
import { timeoutRow } from './timeout.ts';
import { workersRow } from './workers.ts';

/** All rows, in the order of the design's table. */
export const rows: readonly Row[] = [
  ...emitRows,
  ...nextRows,
  processorRow,
  timeoutRow,
  keysRow,
  channelRow,
  workersRow,
  openLoopRow,
  growthRow,
  ...failingRows,
  sizeRow,
];
