import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AckWindow } from '../../lib/rabbitmq/ack-window.ts';
import type { RabbitMqMessage } from '../../lib/rabbitmq/amqp.ts';

const messageOf = (deliveryTag: number): RabbitMqMessage => ({
  content: new Uint8Array(),
  properties: {},
  fields: { deliveryTag, exchange: '', routingKey: '' },
});

/** A window of so many deliveries, and what the server was told. */
function windowOf(size: number) {
  const told: string[] = [];
  const acked = new Set<number>();
  const window = new AckWindow<true>({
    ack({ fields }, allUpTo = false) {
      const last = fields.deliveryTag!;
      told.push(`${allUpTo ? '≤' : ''}${last}`);
      for (let tag = allUpTo ? 1 : last; tag <= last; tag++) acked.add(tag);
    },
  });
  for (let tag = 1; tag <= size; tag++) window.open.set(tag, true);
  return { told, acked, window };
}

describe('the acknowledgements of a channel', () => {
  it('go together, as far as nothing before them is open', () => {
    const { told, window } = windowOf(6);
    for (const tag of [2, 1, 3, 6, 5]) window.ack(messageOf(tag));
    window.flush();
    expect(told).toEqual(['6', '5', '≤3']);
    window.ack(messageOf(4));
    window.flush();
    expect(told.at(-1)).toBe('≤4');
  });

  it('are sent by themselves at the end of the turn, and each once', async () => {
    const { told, window } = windowOf(2);
    expect([window.ack(messageOf(1)), window.ack(messageOf(1)), window.ack(messageOf(2))]).toEqual([true, false, true]);
    expect(told).toEqual([]);
    await new Promise((resolve) => setImmediate(resolve));
    window.flush();
    expect(told).toEqual(['≤2']);
  });

  it('are not sent when their channel has ended', async () => {
    const { told, window } = windowOf(2);
    window.ack(messageOf(1));
    window.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual([]);
    expect(window.ack(messageOf(2))).toBe(false);
  });

  it('never reach one that is open, and reach all others', () => {
    const turns = fc.array(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 12 }), { maxLength: 8 });
    fc.assert(
      fc.property(turns, (batches) => {
        const { acked, window } = windowOf(30);
        const wanted = new Set<number>();
        for (const tags of batches) {
          for (const tag of tags) {
            window.ack(messageOf(tag));
            wanted.add(tag);
          }
          window.flush();
          expect(acked).toEqual(wanted);
        }
      }),
    );
  });
});
