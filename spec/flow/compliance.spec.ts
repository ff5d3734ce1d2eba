import {
  batch,
  circuitBreaker,
  deadLetterTo,
  deduplicate,
  mergeMapByKey,
  type Outcome,
  rateLimit,
  retryWithBackoff,
  splitResults,
  supervise,
} from 'millrace';
import { map, type OperatorFunction, pipe, Subject } from 'rxjs';
import { describe, it } from 'vitest';
import { checksOf, type Operator } from '../support/operator-compliance.ts';

const OPERATORS: readonly Operator[] = [
  {
    name: 'retryWithBackoff',
    make: ({ scheduler }) => retryWithBackoff({ maxAttempts: 3, delayMs: 5, scheduler }),
  },
  {
    name: 'deadLetterTo',
    make: () => deadLetterTo(new Subject(), (error) => error),
    exceptions: { 'passes an error on, after the items before it': 'it is there to turn an error into a letter' },
  },
  {
    name: 'circuitBreaker',
    make: ({ scheduler }) => circuitBreaker({ failureThreshold: 1, scheduler }),
    exceptions: {
      'serves a subscriber after another one whose source has failed': 'it is there to remember failures',
    },
  },
  {
    name: 'deduplicate',
    make: ({ scheduler, work }) => deduplicate((item) => item, work, { concurrency: 1, scheduler }),
    hasWork: true,
    exceptions: {
      'serves two subscribers at once, each as if it were alone': 'what one has done is a duplicate for the other',
    },
  },
  {
    name: 'batch',
    make: ({ scheduler }) => batch({ maxSize: 3, maxWaitMs: 5, scheduler }),
    itemsOf: (items: number[]) => items,
  },
  {
    name: 'mergeMapByKey with one key',
    make: ({ work }) => mergeMapByKey(() => 'one', work),
    hasWork: true,
  },
  {
    name: 'mergeMapByKey with one place',
    make: ({ work }) => mergeMapByKey((item) => item, work, 1),
    hasWork: true,
  },
  {
    name: 'rateLimit',
    make: ({ scheduler }) => rateLimit({ limit: 2, windowMs: 5, scheduler }),
  },
  {
    name: 'supervise',
    make: ({ scheduler, work }) =>
      pipe(
        supervise(work, { scheduler }),
        map(({ event }) => event),
      ),
    hasWork: true,
    exceptions: {
      'releases the work in progress when its source fails, and begins no other': 'what came before is finished first',
      'passes an error of its work on, releases its source, and begins no other': 'it is there to go on after failures',
    },
  },
  {
    name: 'the successes of splitResults',
    make: () => (source$) => splitResults(source$.pipe(as('handled'))).successes.pipe(map(({ item }) => item)),
  },
  {
    name: 'the failures of splitResults',
    make: () => (source$) => splitResults(source$.pipe(as('dead'))).failures.pipe(map(({ item }) => item)),
  },
];

describe.each(OPERATORS)('$name', { timeout: 30_000 }, (operator) => {
  for (const { name, exception, run } of checksOf(operator)) {
    if (exception === undefined) it(name, run);
    else it.fails(`does not, by design: ${name} (${exception})`, run);
  }
});

/** Makes results of items. */
function as<Ended extends Outcome>(outcome: Ended): OperatorFunction<number, { outcome: Ended; item: number }> {
  return map((item) => ({ outcome, item }));
}
