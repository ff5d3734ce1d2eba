import {
  type Broker,
  type BrokeredEventBus,
  type BrokeredHandlerContext,
  type BrokeredOnOptions,
  createBrokeredBus,
  defineEvent,
  type EventMessage,
  type EventSubscription,
  payload,
} from 'millrace';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RestartableServer } from '../../support/restartable-broker.ts';
import { settled, VirtualClock } from '../../support/virtual-clock.ts';

// More by hand: MILLRACE_RUNS=3000 npx vitest run spec/broker/brokered/properties.spec.ts
const RUNS = Number(process.env['MILLRACE_RUNS'] ?? 120);

interface Numbered {
  readonly key: string;
  readonly number: number;
}

const Order = defineEvent('order', payload<Numbered>());
const Output = defineEvent('output', payload<string>());

type OrderMessage = EventMessage<'order', Numbered>;

/** What becomes of one attempt. */
type Fate = 'fail' | 'hang' | 'ok' | 'slow fail' | 'slow ok';

type Step =
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'close' | 'drain' | 'kill' | 'unsubscribe'; readonly pick: number }
  | { readonly do: 'emit' | 'publish'; readonly key: number }
  | { readonly do: 'open' | 'redrive' | 'restart' };

interface Plan {
  readonly fates: readonly Fate[];
  readonly steps: readonly Step[];
}

const pick = fc.nat({ max: 5 });
const key = fc.nat({ max: 2 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('publish' as const, 'emit' as const), key }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(0, 1, 7, 30, 200) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('close' as const, 'drain' as const, 'kill' as const, 'unsubscribe' as const),
      pick,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('open' as const, 'redrive' as const, 'restart' as const) }) },
);
const plans: fc.Arbitrary<Plan> = fc.record({
  fates: fc.array(fc.constantFrom('fail', 'hang', 'ok', 'slow fail', 'slow ok'), { minLength: 1, maxLength: 8 }),
  steps: fc.array(steps, { minLength: 5, maxLength: 40 }),
});

/** The handlers that each process has. */
const HANDLERS: Readonly<Record<string, BrokeredOnOptions<OrderMessage>>> = {
  plain: { concurrency: 3, capacity: 2, timeoutMs: 40 },
  keyed: {
    concurrency: 3,
    timeoutMs: 40,
    key: ({ data }) => data.key,
    retry: { maxAttempts: 2, delayMs: 5 },
    redelivery: { maxDeliveries: 3, delayMs: 20 },
  },
  transactional: { concurrency: 2, timeoutMs: 40, isTransactional: true, redelivery: { maxDeliveries: 2, delayMs: 0 } },
};

const BATCH = { batch: { maxSize: 3, maxWaitMs: 10 }, timeoutMs: 40 };

interface Process {
  readonly broker: Broker;
  readonly bus: BrokeredEventBus;
  readonly subscriptions: Map<string, EventSubscription>;
  /** Numbers that it has emitted. */
  readonly emitted: number[];
}

/** A plan at work: some processes, a server that restarts, and handlers that fail. */
class World {
  readonly #clock = new VirtualClock();
  readonly #server = new RestartableServer(this.#clock);
  readonly #plan: Plan;
  readonly #processes: Process[] = [];
  readonly #all: BrokeredEventBus[] = [];
  readonly #confirmed = new Set<number>();
  readonly #publishing: Promise<unknown>[] = [];
  /** Numbers by handler, in the order in which they were handled. */
  readonly #handled = new Map<string, number[]>();
  readonly #keys = new Map<number, string>();
  #count = 0;
  #calls = 0;
  #isHealed = false;

  constructor(plan: Plan) {
    this.#plan = plan;
    for (const name of [...Object.keys(HANDLERS), 'batched']) this.#handled.set(name, []);
  }

  async run(): Promise<void> {
    this.#open();
    for (const step of this.#plan.steps) {
      await this.#take(step);
      await settled();
      this.#check();
    }
    await this.#finish();
  }

  async #take(step: Step): Promise<void> {
    switch (step.do) {
      case 'advance':
        return this.#clock.advance(step.ms);
      case 'publish':
      case 'emit':
        return this.#send(step.do, `k${step.key}`);
      case 'open':
        if (this.#server.isUp && this.#processes.length < 4) this.#open();
        return undefined;
      case 'redrive':
        return this.#redrive();
      case 'restart':
        return this.#restart();
      default:
        return this.#end(step.do, this.#processes[step.pick]);
    }
  }

  #open(): void {
    const broker = this.#server.open();
    const bus = createBrokeredBus(broker, {
      group: 'g',
      scheduler: this.#clock,
      leaseMs: 60,
      key: ({ data }) => (data as Numbered).key,
    });
    bus.errors.subscribe();
    const process: Process = { broker, bus, subscriptions: new Map(), emitted: [] };
    for (const name of this.#handled.keys()) this.#subscribe(process, name);
    this.#processes.push(process);
    this.#all.push(bus);
  }

  #subscribe({ bus, subscriptions }: Process, name: string): void {
    const options = HANDLERS[name];
    const subscription =
      options === undefined
        ? bus.on(Order, (events, context) => this.#handle(name, events, context), { name, ...BATCH })
        : bus.on(Order, (event, context) => this.#handle(name, [event], context), { name, ...options });
    subscriptions.set(name, subscription);
  }

  #send(how: 'emit' | 'publish', ofKey: string): void {
    const [process] = this.#processes;
    if (process === undefined) return;
    const number = ++this.#count;
    this.#keys.set(number, ofKey);
    const data = { key: ofKey, number };
    if (how === 'emit') {
      process.bus.emit(Order, data);
      process.emitted.push(number);
      return;
    }
    const published = process.bus.publish(Order, data, { id: `o${number}` }).then(
      () => this.#confirmed.add(number),
      () => undefined,
    );
    this.#publishing.push(published);
  }

  async #handle(
    name: string,
    events: readonly OrderMessage[],
    { emit, signal }: BrokeredHandlerContext,
  ): Promise<void> {
    const { fates } = this.#plan;
    const fate = this.#isHealed ? 'ok' : fates[this.#calls++ % fates.length]!;
    for (const { data } of events) if (name === 'transactional') emit(Output, `${data.number}`);
    if (fate === 'hang') await untilAborted(signal);
    if (fate.startsWith('slow')) await this.#sleep(15);
    if (fate.endsWith('fail')) throw new Error('broken');
    this.#handled.get(name)!.push(...events.map(({ data }) => data.number));
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.schedule(() => resolve(), ms));
  }

  #redrive(): void {
    const [process] = this.#processes;
    // It is not waited for: its process may die.
    void process?.bus.deadLetters.redrive();
  }

  async #restart(): Promise<void> {
    if (!this.#server.isUp) return;
    const restarted = this.#server.restart();
    await this.#clock.advance(20);
    this.#check();
    await this.#clock.advance(40);
    await restarted;
  }

  #end(how: 'close' | 'drain' | 'kill' | 'unsubscribe', process: Process | undefined): void {
    if (process === undefined) return;
    const { bus, broker } = process;
    if (how === 'unsubscribe') return this.#resubscribe(process);
    this.#processes.splice(this.#processes.indexOf(process), 1);
    if (how === 'close') bus.close();
    else if (how === 'drain') this.#publishing.push(bus.drain({ deadlineMs: 30 }));
    // The process dies: its connection ends, and nobody is told.
    else this.#publishing.push(broker.close());
  }

  /** A handler goes, and comes back at once. */
  #resubscribe(process: Process): void {
    if (!this.#server.isUp) return;
    const names = [...process.subscriptions.keys()];
    const name = names[this.#calls % names.length]!;
    process.subscriptions.get(name)!.unsubscribe();
    this.#subscribe(process, name);
  }

  /** At every step, every event that a handler has taken is in one place. */
  #check(): void {
    for (const bus of this.#all) {
      for (const {
        accepted,
        redriven,
        handled,
        dead,
        dropped,
        pending,
        running,
        waiting,
        betweenAttempts,
      } of bus.stats().handlers) {
        expect(accepted + redriven).toBe(handled + dead + dropped + pending);
        expect(pending).toBe(running + waiting + betweenAttempts);
      }
    }
  }

  /** All becomes well: nothing that was confirmed is missing, and nothing is left over. */
  async #finish(): Promise<void> {
    this.#isHealed = true;
    this.#server.start();
    this.#open();
    for (let round = 0; round < 20 || this.#server.store.stats().unsettled > 0; round++) {
      await this.#clock.advance(500);
      expect(round).toBeLessThan(500);
    }
    await this.#clock.advance(120_000);
    await Promise.all(this.#publishing);
    const { bus, broker } = this.#processes.at(-1)!;
    const letters = await bus.deadLetters.list();
    for (const [name, numbers] of this.#handled) {
      const dead = letters
        .filter((letter) => letter.handler === name)
        .map(({ event }) => (event.data as Numbered).number);
      const known = new Set([...numbers, ...dead]);
      // What was emitted is given up by a bus that closes; by the others, it is not.
      const sent = [...this.#confirmed, ...this.#processes.flatMap(({ emitted }) => emitted)];
      const missing = sent.filter((number) => !known.has(number));
      expect([name, missing]).toStrictEqual([name, []]);
    }
    this.#expectOrder();
    await this.#expectOutputs(broker, letters.filter(({ handler }) => handler === 'transactional').length);
    this.#check();
    for (const { bus: open } of this.#processes) open.close();
    await settled();
    expect(this.#server.store.stats().unsettled).toBe(0);
  }

  /** The first time that each event of a key was handled, it was behind those before it, unless those, or it, had been dead. */
  #expectOrder(): void {
    if (this.#plan.steps.some((step) => step.do === 'redrive')) return;
    const first = [...new Set(this.#handled.get('keyed'))];
    for (const ofKey of new Set(this.#keys.values())) {
      const lane = first.filter((number) => this.#keys.get(number) === ofKey && this.#confirmed.has(number));
      expect(lane).toStrictEqual(lane.toSorted((one, other) => one - other));
    }
  }

  /** What is handled has had its output once, what is dead has had none. */
  async #expectOutputs(broker: Broker, deadCount: number): Promise<void> {
    const counts = new Map<string, number>();
    const outputs = broker.subscribe({ topics: 'output', group: 'outputs', from: 'earliest', maxInFlight: 1_000 });
    const reading = (async () => {
      for await (const delivery of outputs) {
        const cause = delivery.message.headers['ce-causationid']!;
        counts.set(cause, (counts.get(cause) ?? 0) + 1);
        await delivery.ack();
      }
    })();
    await settled();
    await outputs.close();
    await reading;
    expect(Math.max(0, ...counts.values())).toBeLessThanOrEqual(1);
    const handled = new Set(this.#handled.get('transactional')).size;
    expect(counts.size).toBeLessThanOrEqual(handled);
    expect(counts.size).toBeGreaterThanOrEqual(this.#confirmed.size - deadCount);
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

describe('whatever fails, restarts, comes and goes', { timeout: 60_000 + RUNS * 200 }, () => {
  it("published and confirmed is handled or dead, in order by key, and every handler's counts add up at every step", async () => {
    await fc.assert(
      fc.asyncProperty(plans, (plan) => new World(plan).run()),
      { numRuns: RUNS },
    );
  });
});
