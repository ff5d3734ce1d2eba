import { type BrokerCapabilities, DeliveryLostError, InvalidOptionError } from 'millrace';
import { describe, expect, it } from 'vitest';
import { SettleOnce } from '../../lib/broker/settle-once.ts';
import { messageOf } from '../support/broker-messages.ts';
import { ownerOf, type TestOwner } from './delivery-owner.ts';

interface Made {
  readonly delivery: SettleOnce<string>;
  readonly owner: TestOwner;
}

function make(capabilities: Partial<BrokerCapabilities> = {}, answer?: () => Promise<void>): Made {
  const owner = ownerOf(capabilities, answer);
  return { owner, delivery: new SettleOnce({ message: messageOf('a'), deliveryCount: 1, tag: 't' }, owner) };
}

describe('a delivery that ends once', () => {
  it('is settled with its owner by the first call alone, and gives its result to all', async () => {
    const failure = new Error('the server is away');
    const { delivery, owner } = make({}, () => Promise.reject(failure));
    const calls = [delivery.ack(), delivery.nack(), delivery.ack(), delivery.nack({ delayMs: 5 })];
    for (const call of calls) await expect(call).rejects.toBe(failure);
    expect(owner.asked).toEqual(['ack t']);
  });

  it('is over from the call on, before its owner has answered', async () => {
    const { delivery } = make({}, () => new Promise(() => undefined));
    const { signal } = delivery;
    expect([delivery.isOver, signal.aborted]).toEqual([false, false]);
    void delivery.nack();
    expect([delivery.isOver, signal.aborted]).toEqual([true, true]);
    expect(delivery.lose('its lease lapsed')).toBe(false);
  });

  it('is lost once, with a reason that its signal and all later calls give', async () => {
    const { delivery, owner } = make();
    const { signal } = delivery;
    expect(delivery.lose('its lease lapsed')).toBe(true);
    expect(delivery.lose('its subscription was closed')).toBe(false);
    const lost = new DeliveryLostError('a', 'its lease lapsed');
    expect(signal.reason).toEqual(lost);
    for (const call of [delivery.ack(), delivery.nack(), delivery.extend()]) await expect(call).rejects.toThrow(lost);
    expect(owner.asked).toEqual([]);
  });

  it('has a signal that tells the same when it is first read afterwards', async () => {
    const { delivery: acked } = make();
    await acked.ack();
    expect(acked.signal.aborted).toBe(true);
    const { delivery: gone } = make();
    gone.lose('its lease lapsed');
    expect(gone.signal.reason).toBeInstanceOf(DeliveryLostError);
  });

  it('has what it is acknowledged with checked, stamped and handed on', async () => {
    const { delivery, owner } = make();
    await delivery.ack({ publish: [messageOf('x'), messageOf('y', { time: 5 })] });
    expect(owner.asked).toEqual(['ack t + x at 17 + y at 5']);
  });

  it('is settled by nothing that it refuses', async () => {
    const { delivery, owner } = make({ atomicPublish: false, delayedRedelivery: false });
    const refused = [
      delivery.ack({ publish: [messageOf('x')] }),
      delivery.nack({ delayMs: 5 }),
      delivery.nack({ delayMs: -1 }),
    ];
    for (const call of refused) await expect(call).rejects.toThrow(InvalidOptionError);
    await expect(make().delivery.ack({ publish: [messageOf('x', { topic: '*' })] })).rejects.toThrow('message.topic');
    expect([delivery.isOver, delivery.signal.aborted]).toEqual([false, false]);
    await delivery.nack({ delayMs: 0 });
    expect(owner.asked).toEqual(['nack t for 0']);
  });

  it('refuses a delay that is none, also when it is over', async () => {
    const { delivery } = make();
    await delivery.ack();
    await expect(delivery.nack({ delayMs: NaN })).rejects.toThrow(InvalidOptionError);
    await delivery.nack({ delayMs: 5 });
  });

  it.each([
    { lease: 'extendable', asked: ['extend t'] },
    { lease: 'none', asked: [] },
  ] as const)('extends a lease that is $lease', async ({ lease, asked }) => {
    const { delivery, owner } = make({ lease });
    await delivery.extend();
    expect(owner.asked).toEqual(asked);
    // There is nothing to extend then.
    await delivery.ack();
    await delivery.extend();
    expect(owner.asked).toEqual([...asked, 'ack t']);
  });

  it('refuses to extend a lease that is fixed', async () => {
    const { delivery, owner } = make({ lease: 'fixed' });
    await expect(delivery.extend()).rejects.toThrow(
      new InvalidOptionError(
        "Expected a broker whose leases can be extended, got broker 'test', whose leases are fixed. Finish within the lease.",
      ),
    );
    expect(owner.asked).toEqual([]);
  });

  it('is not over when its owner throws instead of settling it', async () => {
    const { delivery, owner } = make();
    owner.ack = () => {
      throw new InvalidOptionError('Expected messages of at most 1 MB.');
    };
    await expect(delivery.ack()).rejects.toThrow('at most 1 MB');
    expect([delivery.isOver, delivery.signal.aborted]).toEqual([false, false]);
  });
});
