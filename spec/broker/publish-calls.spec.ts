import { describe, expect, it } from 'vitest';
import { VirtualTimeScheduler } from 'rxjs';
import type { PublishCall } from '../../lib/broker/publish-call.ts';
import { PublishCalls } from '../../lib/broker/publish-calls.ts';
import { ClosedError } from '../../lib/core/errors.ts';

describe('calls of publish', () => {
  it('that were sent are of unknown outcome when their broker closes without a connection, and the others refused', async () => {
    const calls = openCalls();
    const sent = calls.open(1, undefined, (call) => {
      call.isSent = true;
    });
    const waiting = calls.open(1, undefined, () => undefined);
    const ends = Promise.allSettled([sent, waiting]);

    await calls.close(false);

    expect(await ends).toMatchObject([
      { reason: { code: 'OUTCOME_UNKNOWN', message: expect.stringContaining('before close()') as string } },
      { reason: expect.any(ClosedError) as ClosedError },
    ]);
    expect(calls.size).toBe(0);
  });

  it('that were sent are waited for when there is a connection', async () => {
    const calls = openCalls();
    let opened: PublishCall | undefined;
    const sent = calls.open(1, undefined, (call) => {
      call.isSent = true;
      opened = call;
    });

    const closing = calls.close(true);
    opened?.confirm(0, { id: 'e1', isDuplicate: false });

    expect(await sent).toEqual([{ id: 'e1', isDuplicate: false }]);
    await closing;
  });
});

function openCalls(): PublishCalls {
  return new PublishCalls('Kafka', { name: 'kafka', publishTimeoutMs: 100, scheduler: new VirtualTimeScheduler() });
}
