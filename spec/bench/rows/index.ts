import type { Row } from '../harness/row.ts';
import { appendRows } from './append.ts';
import { brokerRows, largeBrokerRows } from './brokers.ts';
import { channelRow } from './channel.ts';
import { emitRows } from './emit.ts';
import { executeRows } from './execute.ts';
import { failingRows } from './failing.ts';
import { growthRow } from './growth.ts';
import { keysRow } from './keys.ts';
import { latencyRows } from './latency.ts';
import { nextRows } from './next.ts';
import { observeRow } from './observe.ts';
import { openLoopRow } from './open-loop.ts';
import { processorRow } from './processor.ts';
import { readRows } from './read.ts';
import { sizeRow } from './size.ts';
import { largeStoreSizeRow, storeSizeRow } from './store-size.ts';
import { timeoutRow } from './timeout.ts';
import { workersRow } from './workers.ts';

/** All rows, in the order of the design's table, those of event sourcing behind them, and those of brokers last. */
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
  observeRow,
  ...failingRows,
  sizeRow,
  ...appendRows,
  ...readRows,
  ...latencyRows,
  ...executeRows,
  storeSizeRow,
  ...brokerRows,
];

/** Those that take minutes each, for `npm run soak`. */
export const largeRows: readonly Row[] = [largeStoreSizeRow, ...largeBrokerRows];
