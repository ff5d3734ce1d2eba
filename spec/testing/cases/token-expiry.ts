import { createEventBus, defineEvent, payload } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { expect, it, vi } from 'vitest';

const OrderPlaced = defineEvent('order.placed', payload<{ id: string }>());

/** Keeps a token until it expires, as the client of an API does. */
function tokenCache(fetchToken: () => Promise<{ token: string; expiresInMs: number }>): () => Promise<string> {
  let kept = { token: '', expiresAt: 0 };
  return async () => {
    if (Date.now() >= kept.expiresAt) {
      const { token, expiresInMs } = await fetchToken();
      kept = { token, expiresAt: Date.now() + expiresInMs };
    }
    return kept.token;
  };
}

it(
  'fetches a token once an hour, on New Year’s Eve too',
  virtualTest(
    async ({ time }) => {
      const bus = createEventBus();
      const fetchToken = vi.fn(async () => ({ token: new Date().toISOString(), expiresInMs: 3_600_000 }));
      const token = tokenCache(fetchToken);
      const used: string[] = [];
      bus.on(OrderPlaced, async () => used.push(await token()));

      for (let halfHour = 0; halfHour < 4; halfHour++) {
        await bus.publish(OrderPlaced, { id: `o${halfHour}` });
        await time.advance(1_800_000);
      }

      expect(fetchToken).toHaveBeenCalledTimes(2);
      expect(used.map((iso) => iso.slice(0, 16))).toEqual([
        '2026-12-31T23:15',
        '2026-12-31T23:15',
        '2027-01-01T00:15',
        '2027-01-01T00:15',
      ]);
    },
    { startAt: Date.UTC(2026, 11, 31, 23, 15) },
  ),
);
