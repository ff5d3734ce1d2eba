import {
  type Broker,
  type BrokerDelivery,
  type BrokerSubscription,
  memoryBroker,
  type MemoryBrokerStore,
  memoryBrokerStore,
  type MemoryBrokerStoreOptions,
} from 'millrace';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageOf } from '../support/broker-messages.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

// More by hand: MILLRACE_RUNS=5000 npx vitest run spec/broker/properties.spec.ts
const RUNS = Number(process.env['MILLRACE_RUNS'] ?? 200);

/** One step of whoever uses the broker; `pick` chooses among what there is. */
type Step =
  | { readonly do: 'ack' | 'close' | 'extend'; readonly pick: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'nack'; readonly pick: number; readonly delayMs: number }
  | { readonly do: 'publish'; readonly key: number }
  | { readonly do: 'subscribe'; readonly group: number; readonly maxInFlight: number; readonly leaseMs: number };

interface Plan {
  readonly capacity: number;
  readonly historySize: number;
  readonly order: NonNullable<MemoryBrokerStoreOptions['order']>;
  readonly steps: readonly Step[];
}

const pick = fc.nat({ max: 20 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish' as const), key: fc.nat({ max: 3 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('ack' as const), pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('nack' as const), pick, delayMs: fc.constantFrom(0, 3, 20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('close' as const, 'extend' as const), pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(0, 1, 5, 30) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('subscribe' as const),
      group: fc.nat({ max: 1 }),
      maxInFlight: fc.integer({ min: 1, max: 4 }),
      leaseMs: fc.constantFrom(5, 50),
    }),
  },
);
const plans: fc.Arbitrary<Plan> = fc.record({
  capacity: fc.integer({ min: 1, max: 8 }),
  historySize: fc.nat({ max: 3 }),
  order: fc.constantFrom('key', 'total', 'none'),
  steps: fc.array(steps, { minLength: 5, maxLength: 60 }),
});

/** Who subscribes in a plan, and what it holds. */
interface Member {
  readonly group: string;
  readonly maxInFlight: number;
  readonly subscription: BrokerSubscription;
  readonly held: Set<BrokerDelivery>;
}

/** A plan at work. */
class World {
  readonly #clock = new VirtualClock();
  readonly #plan: Plan;
  readonly #store: MemoryBrokerStore;
  readonly #broker: Broker;
  readonly #members = new Set<Member>();
  readonly #confirmed: string[] = [];
  /** Ids by group, in the order of their acknowledgements. */
  readonly #acked = new Map<string, string[]>();
  readonly #counts = new Map<string, number>();
  readonly #begun = new Map<string, number>();
  readonly #publishing: Promise<unknown>[] = [];
  #published = 0;

  constructor(plan: Plan) {
    this.#plan = plan;
    const { capacity, historySize, order } = plan;
    this.#store = memoryBrokerStore({ capacity, historySize, order, scheduler: this.#clock });
    this.#broker = memoryBroker({ store: this.#store });
  }

  async run(): Promise<void> {
    for (const step of this.#plan.steps) {
      await this.#take(step);
      await settled();
      this.#check();
    }
    await this.#finish();
  }

  async #take(step: Step): Promise<void> {
    if (step.do === 'advance') return this.#clock.advance(step.ms);
    if (step.do === 'publish') return this.#publish(step.key);
    if (step.do === 'subscribe') return this.#subscribe(`g${step.group}`, step.maxInFlight, step.leaseMs);
    if (step.do === 'close') return this.#close(chosen([...this.#members], step.pick));
    const all = [...this.#members].flatMap((member) => [...member.held].map((delivery) => ({ member, delivery })));
    const one = chosen(all, step.pick);
    if (one === undefined) return undefined;
    if (step.do === 'extend') return one.delivery.extend();
    one.member.held.delete(one.delivery);
    if (step.do === 'nack') return one.delivery.nack({ delayMs: step.delayMs });
    await one.delivery.ack();
    this.#acked.get(one.member.group)!.push(one.delivery.message.id);
    return undefined;
  }

  #publish(key: number): void {
    const id = `m${++this.#published}`;
    const message = messageOf(id, key === 0 ? {} : { key: `k${key}` });
    this.#publishing.push(this.#broker.publish(message).then(() => this.#confirmed.push(id)));
  }

  #subscribe(group: string, maxInFlight: number, leaseMs: number): void {
    if (!this.#acked.has(group)) {
      this.#acked.set(group, []);
      this.#begun.set(group, this.#published);
    }
    const subscription = this.#broker.subscribe({ topics: 'orders', group, maxInFlight, leaseMs });
    const member: Member = { group, maxInFlight, subscription, held: new Set() };
    this.#members.add(member);
    void this.#read(member);
  }

  async #read(member: Member): Promise<void> {
    for await (const delivery of member.subscription) {
      const key = `${member.group} ${delivery.message.id}`;
      const count = (this.#counts.get(key) ?? 0) + 1;
      this.#counts.set(key, count);
      expect(delivery.deliveryCount).toBe(count);
      // Virtual time may have gone on beyond its lease before this loop had its turn.
      if (delivery.signal.aborted) continue;
      member.held.add(delivery);
      delivery.signal.addEventListener('abort', () => member.held.delete(delivery));
    }
  }

  async #close(member: Member | undefined): Promise<void> {
    if (member === undefined) return;
    this.#members.delete(member);
    await member.subscription.close();
    expect(member.held.size).toBe(0);
  }

  #check(): void {
    const { stored, unsettled, groups } = this.#store.stats();
    const { capacity, historySize, order } = this.#plan;
    expect(unsettled).toBeLessThanOrEqual(capacity);
    expect(stored).toBeLessThanOrEqual(capacity + historySize);
    for (const { name, waiting, inFlight, delayed } of groups) {
      const members = [...this.#members].filter(({ group }) => group === name);
      const held = members.flatMap((member) => [...member.held]);
      expect(inFlight).toBe(held.length);
      for (const member of members) expect(member.held.size).toBeLessThanOrEqual(member.maxInFlight);
      // Nothing is lost: what was confirmed since the group began has been acknowledged, or is there.
      const mine = this.#confirmed.filter((id) => Number(id.slice(1)) > this.#begun.get(name)!);
      expect(this.#acked.get(name)!.length + waiting + inFlight + delayed).toBeGreaterThanOrEqual(mine.length);
      const keys = held.flatMap(({ message: { key } }) => (key === undefined ? [] : [key]));
      if (order !== 'none') expect(new Set(keys).size).toBe(keys.length);
      if (order === 'total') expect(inFlight).toBeLessThanOrEqual(1);
    }
  }

  /** Everybody works to the end: each group has acknowledged all, once, and in order. */
  async #finish(): Promise<void> {
    for (const member of this.#members) await this.#close(member);
    for (const group of this.#acked.keys()) this.#subscribe(group, 3, 1_000);
    for (let idle = 0; idle < 2;) {
      const held = [...this.#members].reduce((sum, member) => sum + member.held.size, 0);
      idle = held === 0 ? idle + 1 : 0;
      for (let index = 0; index < held; index++) await this.#take({ do: 'ack', pick: 0 });
      await this.#clock.advance(20);
    }
    await Promise.all(this.#publishing);
    for (const [group, acked] of this.#acked) {
      expect(new Set(acked).size).toBe(acked.length);
      const all = Array.from({ length: this.#published }, (_, index) => `m${index + 1}`);
      const since = all.slice(this.#begun.get(group));
      expect(acked).toEqual(expect.arrayContaining(since));
    }
    expect(this.#confirmed).toHaveLength(this.#published);
    expect(this.#store.stats()).toMatchObject({ unsettled: 0, suspended: 0, dropped: 0 });
    await this.#broker.close();
  }

  /** The ids that a group has acknowledged. */
  ackedBy(group: string): readonly string[] {
    return this.#acked.get(group) ?? [];
  }
}

function chosen<Item>(list: readonly Item[], place: number): Item | undefined {
  return list[place % list.length];
}

function keysOf({ steps: list }: Plan): ReadonlyMap<string, number> {
  const keys = list.flatMap((step) => (step.do === 'publish' ? [step.key] : []));
  return new Map(keys.map((key, index) => [`m${index + 1}`, key]));
}

describe('whatever is published, settled and closed, and when', { timeout: 60_000 + RUNS * 20 }, () => {
  it('a group acknowledges each message once, nothing is lost, and no more is kept than may be', async () => {
    await fc.assert(
      fc.asyncProperty(plans, (plan) => new World(plan).run()),
      { numRuns: RUNS },
    );
  });

  it.each(['key', 'total'] as const)('a group acknowledges in order, of order %s, across nacks', async (order) => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const world = new World({ ...plan, order });
        await world.run();
        const keys = keysOf(plan);
        for (const group of ['g0', 'g1']) {
          const acked = world.ackedBy(group);
          const lanes =
            order === 'total' ? [acked] : [1, 2, 3].map((key) => acked.filter((id) => keys.get(id) === key));
          for (const lane of lanes) expect(lane).toEqual(lane.toSorted(byNumber));
        }
      }),
      { numRuns: RUNS },
    );
  });
});

function byNumber(one: string, other: string): number {
  return Number(one.slice(1)) - Number(other.slice(1));
}
