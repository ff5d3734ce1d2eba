import { speedAtLeast } from '../harness/floor.ts';
import { NS_PER_EVENT, type Row } from '../harness/row.ts';
import { LIBRARIES, pool } from './pools.ts';

/** An asynchronous handler behind a bounded queue; retries and dead letters are configured, and not needed. */
export const processorRow: Row = {
  name: 'processor',
  title: '1 M events, async handler, concurrency 16, capacity 1024, retry and dead letters configured',
  metrics: [NS_PER_EVENT],
  reference: 'hand-written loop',
  contestants: [
    pool('hand-written loop', 1_000_000),
    pool('millrace', 1_000_000),
    pool('millrace, in batches', 1_000_000, {}, 'fed as the libraries are'),
    pool('fastq', 300_000),
    pool('p-queue', 100_000),
    pool('async.queue', 200_000),
    pool('rxjs mergeMap', 100_000),
    pool('Effect Stream', 20_000),
  ],
  floors: [
    speedAtLeast(['hand-written loop'], 0.6),
    speedAtLeast(LIBRARIES, 5, `the fastest library (${LIBRARIES.join(', ')})`),
  ],
  notes: [
    'The producers of millrace and of the hand-written loop wait for room at each event that has none. The libraries cannot say when there is room: they are given 1,024 events whenever none waits, which costs them least.',
    'fastq, p-queue and async.queue have no retries: theirs are a loop around the handler.',
  ],
};
