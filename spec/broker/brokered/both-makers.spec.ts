import {
  createBrokeredBus,
  createEventBus,
  defineEvent,
  type EventBus,
  memoryBroker,
  payload,
  type PublishReport,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { describe, expect, it, vi } from 'vitest';

const OrderPlaced = defineEvent('order.placed', payload<{ id: string; total: number }>());
const Charged = defineEvent('charged', payload<{ id: string }>());
const EVENTS = [OrderPlaced, Charged] as const;

type Shop = EventBus<(typeof EVENTS)[number], PublishReport>;

/** The handlers of a shop, which do not know where they are. */
class Desk {
  readonly charged: string[] = [];
  readonly audited: string[] = [];
  readonly heard: string[] = [];

  constructor(bus: Shop) {
    let isFirst = true;
    bus.on(
      OrderPlaced,
      async ({ data }, { emit, signal }) => {
        signal.throwIfAborted();
        if (data.total < 0) throw new RangeError('no such total');
        if (isFirst) {
          isFirst = false;
          throw new Error('try again');
        }
        this.charged.push(data.id);
        emit(Charged, { id: data.id });
      },
      {
        name: 'charge',
        concurrency: 4,
        retry: { maxAttempts: 2, delayMs: 10, retryIf: (error) => !(error instanceof RangeError) },
      },
    );
    bus.on('charged', ({ data }) => void this.audited.push(data.id), { name: 'audit' });
    bus.events(OrderPlaced).subscribe(({ data }) => this.heard.push(data.id));
  }
}

const MAKERS: Readonly<Record<string, () => Shop>> = {
  'in this process': () => createEventBus({ events: EVENTS }),
  'across a broker': () => createBrokeredBus(memoryBroker(), { group: 'shop', events: EVENTS }),
};

describe('the same handlers', () => {
  it.each(Object.keys(MAKERS))(
    'work on a bus %s',
    virtualTest(async ({ time }, maker: string) => {
      const bus = MAKERS[maker]!();
      const desk = new Desk(bus);
      await bus.ready;
      const reports = ['a', 'b', 'c'].map((id) => bus.publish(OrderPlaced, { id, total: 1 }));
      expect((await Promise.all(reports)).map(({ ok }) => ok)).toStrictEqual([true, true, true]);
      expect(bus.emit(OrderPlaced, { id: 'd', total: -1 })).toBe(true);
      await time.advance(50);
      expect(desk.charged.toSorted()).toStrictEqual(['a', 'b', 'c']);
      expect(desk.audited.toSorted()).toStrictEqual(['a', 'b', 'c']);
      expect(desk.heard).toStrictEqual(['a', 'b', 'c', 'd']);
      expect(await bus.deadLetters.list()).toMatchObject([
        { handler: 'charge', reason: 'rejected', event: { data: { id: 'd' } } },
      ]);
      expect(bus.stats().handlers).toMatchObject([
        { name: 'charge', accepted: 4, handled: 3, dead: 1 },
        { name: 'audit', accepted: 3, handled: 3 },
      ]);
      expect(await bus.drain()).toMatchObject({ completed: true });
    }),
  );
});

describe('one signal', () => {
  it.each(Object.keys(MAKERS))(
    'ends all handlers and calls of a bus %s, which share one listener',
    virtualTest(async (_world, maker: string) => {
      await using bus = MAKERS[maker]!();
      const controller = new AbortController();
      const { signal } = controller;
      const listening = vi.spyOn(signal, 'addEventListener');
      const names = Array.from({ length: 11 }, (_, index) => `handler-${index}`);
      const subscriptions = names.map((name) =>
        bus.on(OrderPlaced, async () => new Promise(() => {}), { name, signal }),
      );
      const calls = names.map(() => bus.once(Charged, { signal }));
      expect(listening).toHaveBeenCalledTimes(1);
      controller.abort('enough');
      expect(subscriptions.every(({ closed }) => closed)).toBe(true);
      const reasons = (await Promise.allSettled(calls)).map((call) => call.status === 'rejected' && call.reason);
      expect(new Set(reasons)).toStrictEqual(new Set(['enough']));
    }),
  );
});
