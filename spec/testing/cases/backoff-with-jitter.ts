import { createEventBus, defineEvent, payload } from 'millrace';
import { flaky, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const InvoiceIssued = defineEvent('invoice.issued', payload<{ id: string }>());

/** The moments at which a handler is called that never succeeds. */
async function callsOfFailingMail(seed: number): Promise<readonly number[]> {
  const calls: number[] = [];
  const test = virtualTest(
    async ({ time }) => {
      const bus = createEventBus();
      const retry = { maxAttempts: 5, delayMs: 100, maxDelayMs: 400, jitter: 'equal' } as const;
      bus.on(
        InvoiceIssued,
        flaky(() => {}, 'x', { error: () => calls.push(time.now) }),
        { retry },
      );
      await bus.publish(InvoiceIssued, { id: 'i1' });
    },
    { seed },
  );
  await test();
  return calls;
}

it('spreads retries by chance, the same chance in each run of a seed', async () => {
  const calls = await callsOfFailingMail(7);

  expect(calls).toMatchInlineSnapshot(`
    [
      0,
      50,
      156,
      551,
      890,
    ]
  `);
  expect(await callsOfFailingMail(7)).toEqual(calls);
  expect(await callsOfFailingMail(8)).not.toEqual(calls);
  // Half of each delay is certain: 100, 200, 400, and then the cap.
  const pauses = calls.slice(1).map((call, index) => call - calls[index]!);
  for (const [index, delayMs] of [100, 200, 400, 400].entries()) {
    expect(pauses[index]).toBeGreaterThanOrEqual(delayMs / 2);
    expect(pauses[index]).toBeLessThanOrEqual(delayMs);
  }
});
