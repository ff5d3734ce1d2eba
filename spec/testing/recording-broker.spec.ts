import { type Broker, ClosedError, InvalidOptionError, memoryBroker } from 'millrace';
import { recordingBroker, type RecordingBrokerOptions } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { keep, messageOf, messagesOf, shown } from '../support/broker-messages.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

/** How each call of publish has ended so far, in the order of the ends. */
function publishEach(broker: Broker, ids: string): string[] {
  const ended: string[] = [];
  for (const id of ids) {
    broker.publish(messageOf(id)).then(
      () => ended.push(`${id} ok`),
      (error: unknown) => ended.push(`${id} ${String(error)}`),
    );
  }
  return ended;
}

const idsOf = (list: readonly { readonly id: string }[]): string => list.map(({ id }) => id).join('');

describe('a recording broker', () => {
  it('remembers what was published, with all of its fields', async () => {
    await using broker = recordingBroker();
    const buffer = Uint8Array.from([1, 2]);
    await broker.publish([
      messageOf('a', { body: buffer, key: 'ada', headers: { tenant: 'acme' }, time: 5 }),
      messageOf('b'),
    ]);
    buffer.fill(0);
    expect(broker.published[0]).toEqual({
      id: 'a',
      topic: 'orders',
      body: Uint8Array.from([1, 2]),
      key: 'ada',
      headers: { tenant: 'acme' },
      time: 5,
    });
    expect(idsOf(broker.published)).toBe('ab');
    expect(idsOf(broker.refused)).toBe('');
  });

  it('delivers what was published, and remembers how it was settled', async () => {
    const clock = new VirtualClock();
    const broker = recordingBroker({ scheduler: clock });
    const kept = keep(broker.subscribe({ topics: 'orders', group: 'mail', maxInFlight: 9 }));
    await broker.publish(messagesOf('abc'));
    await settled();
    await kept[0]!.ack();
    await kept[1]!.nack({ delayMs: 20 });
    await kept[2]!.nack();
    // The first settlement counts, here too.
    await kept[0]!.nack();
    await clock.advance(20);
    expect(shown(kept)).toBe('a b c c2 b2');
    await kept[4]!.ack();
    expect(broker.acked).toEqual([
      { message: expect.objectContaining({ id: 'a' }), group: 'mail', deliveryCount: 1 },
      { message: expect.objectContaining({ id: 'b' }), group: 'mail', deliveryCount: 2 },
    ]);
    expect(broker.nacked).toEqual([
      { message: expect.objectContaining({ id: 'b' }), group: 'mail', deliveryCount: 1, delayMs: 20 },
      { message: expect.objectContaining({ id: 'c' }), group: 'mail', deliveryCount: 1 },
    ]);
    await broker.close();
  });

  it('remembers no settlement that the broker has not taken', async () => {
    const broker = recordingBroker();
    const subscription = broker.subscribe({ topics: 'orders', group: 'mail' });
    const kept = keep(subscription);
    await broker.publish(messageOf('a'));
    await settled();
    await subscription.close();
    await expect(kept[0]!.ack()).rejects.toThrow('its subscription was closed');
    expect(broker.acked).toEqual([]);
  });

  it('refuses by script, call by call, and keeps what it has refused', async () => {
    const broker = recordingBroker({ publishing: 'x ok x x ok' });
    const ended = publishEach(broker, 'abcdef');
    await settled();
    expect(ended).toEqual(
      expect.arrayContaining([
        'a Error: Call 1 of publish was refused, as its script says.',
        'b ok',
        'c Error: Call 3 of publish was refused, as its script says.',
        'd Error: Call 4 of publish was refused, as its script says.',
        'e ok',
        'f ok',
      ]),
    );
    expect({ published: idsOf(broker.published), refused: idsOf(broker.refused) }).toEqual({
      published: 'bef',
      refused: 'acd',
    });
  });

  it('refuses with your error', async () => {
    const broker = recordingBroker({ publishing: 'x', error: (call) => new RangeError(`no ${call}`) });
    await expect(broker.publish(messageOf('a'))).rejects.toThrow(new RangeError('no 1'));
  });

  it('confirms late by script', async () => {
    const clock = new VirtualClock();
    const broker = recordingBroker({ publishing: 'ok@20ms x@5ms ok', scheduler: clock });
    const ended = publishEach(broker, 'abc');
    await settled();
    expect(ended).toEqual(['c ok']);
    await clock.advance(5);
    expect(ended).toEqual(['c ok', 'b Error: Call 2 of publish was refused, as its script says.']);
    await clock.advance(14);
    expect(idsOf(broker.published)).toBe('c');
    await clock.advance(1);
    expect({ ended: ended[2], published: idsOf(broker.published) }).toEqual({ ended: 'a ok', published: 'ca' });
  });

  it('hangs until the signal is aborted, or it closes', async () => {
    const broker = recordingBroker({ publishing: 'hang' });
    const controller = new AbortController();
    const aborted = broker.publish(messageOf('a'), { signal: controller.signal });
    const closed = broker.publish(messageOf('b'));
    await settled();
    controller.abort(new RangeError('too late'));
    await expect(aborted).rejects.toThrow(new RangeError('too late'));
    await broker.close();
    await expect(closed).rejects.toThrow(ClosedError);
    await expect(broker.publish(messageOf('c'))).rejects.toThrow(ClosedError);
    expect(idsOf(broker.published)).toBe('');
  });

  it('leaves no timer and no listener behind', async () => {
    const clock = new VirtualClock();
    const broker = recordingBroker({ publishing: 'ok@20ms', scheduler: clock });
    const controller = new AbortController();
    const publishing = broker.publish(messageOf('a'), { signal: controller.signal });
    await settled();
    controller.abort();
    await expect(publishing).rejects.toThrow('aborted');
    expect(clock.actions).toHaveLength(0);
  });

  it('is the broker that it records, by name and capabilities, and closes it', async () => {
    const inner = memoryBroker({ name: 'inner', order: 'total' });
    const broker = recordingBroker({ broker: inner });
    expect({ name: broker.name, capabilities: broker.capabilities }).toEqual({
      name: 'inner',
      capabilities: inner.capabilities,
    });
    await broker.close();
    await expect(inner.publish(messageOf('a'))).rejects.toThrow(ClosedError);
  });

  it('keeps what its broker refuses among the refused', async () => {
    const inner = memoryBroker();
    const broker = recordingBroker({ broker: inner });
    await inner.close();
    await expect(broker.publish(messageOf('a'))).rejects.toThrow(ClosedError);
    expect({ published: idsOf(broker.published), refused: idsOf(broker.refused) }).toEqual({
      published: '',
      refused: 'a',
    });
  });

  it.each([
    { options: { publishing: 'ok no' }, message: "Expected a word of a script, got 'no' at 3." },
    { options: { publishing: '' }, message: "Expected a script such as 'x x ok', got ''." },
    { options: { error: 5 }, message: 'Expected error to be a function, got 5.' },
    { options: null, message: 'Expected the options of recordingBroker to be an object of options, got null.' },
  ])('refuses $options', ({ options, message }) => {
    const make = (): unknown => recordingBroker(options as unknown as RecordingBrokerOptions);
    expect(make).toThrow(InvalidOptionError);
    expect(make).toThrow(message);
  });
});
