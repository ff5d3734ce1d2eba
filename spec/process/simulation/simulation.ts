import {
  createDeadLetterQueue,
  createProcessor,
  type DeadLetter,
  type DeadLetterStore,
  type Handler,
  type HandlerContext,
  type Handling,
  type Processor,
  type ProcessorOptions,
  type Settlement,
} from 'millrace';
import { Observable } from 'rxjs';
import { settled } from '../../support/virtual-clock.ts';
import { Call, Item } from './item.ts';
import { Laws } from './laws.ts';
import type { Plan, PlannedAttempt, PlannedEvent, PlannedStep, Reaction } from './plans.ts';
import { World } from './world.ts';

/** Runs a plan, and looks at the processor from outside: at every callback, and after every action of the clock. */
export class Simulation {
  readonly #world: World;
  readonly #laws: Laws;
  #problem: unknown;

  constructor(plan: Plan) {
    this.#world = new World(plan);
    this.#laws = new Laws(this.#world);
    this.#world.processor = this.#process();
    this.#world.processor.errors.subscribe();
    this.#world.processor.deadLetters.subscribe((letter) => this.#onLetter(letter));
  }

  /** Runs a plan without promises, within one turn. */
  runNow(): void {
    this.#begin();
    while (this.#world.clock.step()) this.#look();
    this.#laws.ofEnd();
  }

  /** Lets all promises settle after each action. */
  async run(): Promise<void> {
    this.#begin();
    while (this.#world.clock.step()) {
      await settled();
      this.#look();
    }
    this.#laws.ofEnd();
  }

  #look(): void {
    if (this.#problem !== undefined) throw this.#problem;
    this.#laws.ofRest();
  }

  /** Keeps the first problem: what a callback throws, the processor would take for a fault of the handler or the listener. */
  #note(check: () => unknown): void {
    try {
      check();
    } catch (error) {
      this.#problem ??= error;
    }
  }

  // ---- The steps ----

  #begin(): void {
    const { plan, clock } = this.#world;
    let time = 0;
    for (const step of plan.steps) {
      time += step.waitMs;
      clock.schedule(() => this.#do(step), time);
    }
    clock.schedule(() => {
      this.#world.processor.close();
      this.#note(() => this.#laws.ofClose());
    }, time + plan.closeAfterMs);
  }

  #do({ do: deed, event, limitMs }: PlannedStep): void {
    const { processor } = this.#world;
    switch (deed) {
      case 'trySend':
      case 'trySendAndListen':
        return this.#trySend(event, deed === 'trySendAndListen');
      case 'send':
        return this.#send(event, limitMs);
      case 'redrive':
        return this.#redrive();
      case 'drain':
        return void processor.drain(limitMs === undefined ? {} : { deadlineMs: limitMs });
      default:
        return processor[deed]();
    }
  }

  #trySend(event: PlannedEvent, isListenedTo: boolean): void {
    const item = this.#newItem(event, isListenedTo);
    const listener = isListenedTo ? (end: Settlement): void => this.#onSettled(item, end) : undefined;
    item.isTaken = this.#world.processor.trySend(item, listener);
  }

  #send(event: PlannedEvent, limitMs: number | undefined): void {
    const world = this.#world;
    const item = this.#newItem(event, true);
    item.isSent = true;
    const controller = new AbortController();
    if (limitMs !== undefined) world.clock.schedule(() => controller.abort(controller), limitMs);
    world.sending++;
    world.processor.send(item, { signal: controller.signal }).then(
      ({ settled: end }) => {
        world.sending--;
        item.isTaken = true;
        void end.then((settlement) => this.#onSettled(item, settlement));
      },
      (reason: unknown) => {
        world.sending--;
        item.isTaken = false;
        if (reason === controller) world.withdrawn++;
      },
    );
  }

  #redrive(): void {
    const world = this.#world;
    world.hasRedriven = true;
    world.redriving++;
    void world.processor.deadLetters.redrive().then((report) => {
      world.redriving--;
      world.redrives.push(report);
    });
  }

  #newItem(event: PlannedEvent, isListenedTo: boolean): Item {
    const { items } = this.#world;
    const item = new Item(items.length, event, this.#world.clock.now());
    item.isListenedTo = isListenedTo;
    items.push(item);
    return item;
  }

  // ---- What is told ----

  #onSettled(item: Item, settlement: Settlement): void {
    item.settlements.push(settlement);
    this.#note(() => this.#laws.ofEveryMoment());
    this.#react(item, 'end');
  }

  #onLetter(letter: DeadLetter<Item>): void {
    const { event: item } = letter;
    item.letters.push(letter);
    this.#note(() => this.#laws.ofLetter(item, letter));
    this.#note(() => this.#laws.ofEveryMoment());
    this.#world.isTelling = true;
    this.#react(item, 'letter');
    this.#world.isTelling = false;
  }

  #react(item: Item, to: Reaction['to']): void {
    const { reaction } = item.plan;
    if (reaction === undefined || reaction.to !== to || item.hasReacted) return;
    item.hasReacted = true;
    const attempts = [{ form: 'value', end: 'succeed', afterMs: 0, error: undefined } as const];
    const event: PlannedEvent = { key: reaction.key, attempts, reaction: undefined };
    if (reaction.by === 'send') this.#trySend(event, item.number % 2 === 0);
    else this.#do({ waitMs: 0, do: reaction.by, event, limitMs: undefined });
  }

  // ---- The handler ----

  #process(): Processor<Item> {
    const { batch } = this.#world;
    const options = this.#options();
    if (batch === undefined) {
      return createProcessor(
        this.#handler<Item>((item, context) => this.#call([item], context)),
        options,
      );
    }
    const handler = this.#handler<readonly Item[]>((items, context) => this.#call(items, context));
    return createProcessor(handler, { ...options, batch });
  }

  #handler<Event>(handle: (event: Event, context?: HandlerContext) => unknown): Handler<Event> {
    switch (this.#world.plan.handler) {
      case 'blind':
        return (event) => handle(event);
      case 'rest':
        return (...all) => handle(...all);
      case 'object':
        return { handle: (event, context) => handle(event, context) };
      default:
        return (event, context) => handle(event, context);
    }
  }

  /** What becomes of a batch is as its first event says. */
  #call(items: readonly Item[], context: HandlerContext | undefined): unknown {
    const first = items[0]!;
    const { attempts } = first.plan;
    const planned = attempts[Math.min(first.calls.length, attempts.length - 1)]!;
    this.#note(() => this.#laws.ofBatch(items));
    for (const item of items) this.#note(() => this.#laws.ofStart(item, items, context));
    const call = new Call(items, context?.signal);
    for (const item of items) item.calls.push(call);
    this.#note(() => this.#laws.ofEveryMoment());
    call.signal?.addEventListener('abort', () => this.#reactAll(call, 'abort'));
    // A blind handler does not learn what comes of it.
    if (context !== undefined) this.#reactAll(call, 'call');
    return this.#result(call, planned);
  }

  #reactAll({ items }: Call, to: Reaction['to']): void {
    for (const item of items) this.#react(item, to);
  }

  #result(call: Call, planned: PlannedAttempt): unknown {
    if (planned.form === 'observable' || (planned.form === 'value' && planned.end === 'hang')) {
      return this.#observable(call, planned);
    }
    if (planned.form === 'value') return value(call, planned);
    const promise = this.#promise(call, planned);
    // oxlint-disable-next-line unicorn/no-thenable -- one of the forms
    return planned.form === 'promise' ? promise : { then: promise.then.bind(promise) };
  }

  #promise(call: Call, { end, error, afterMs }: PlannedAttempt): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#after(afterMs, () => {
        if (end === 'hang') return;
        call.state = end === 'fail' ? 'failed' : 'succeeded';
        if (end === 'fail') reject(error);
        else resolve();
      });
    });
  }

  #observable(call: Call, { end, error, afterMs }: PlannedAttempt): Observable<string> {
    return new Observable((subscriber) => {
      subscriber.add(() => {
        if (call.state !== 'active') return;
        call.isUnsubscribed = true;
        this.#reactAll(call, 'abort');
      });
      subscriber.next('a value');
      this.#after(afterMs, () => {
        if (end === 'hang' || subscriber.closed) return;
        call.state = end === 'fail' ? 'failed' : 'succeeded';
        if (end === 'fail') subscriber.error(error);
        else subscriber.complete();
      });
    });
  }

  #after(ms: number, work: () => void): void {
    if (ms === 0) work();
    else this.#world.clock.schedule(work, ms);
  }

  // ---- The options ----

  #options(): ProcessorOptions<Item> {
    const { plan, clock, timers } = this.#world;
    const { concurrency, capacity, overflow, strategy, isKeyed, retry, timeoutMs, breaker, isProbed, store } = plan;
    const look = (): void => this.#note(() => this.#laws.ofEveryMoment());
    const started = ({ event }: Handling): void => {
      look();
      this.#react(event as Item, 'start');
    };
    const deadLetters = createDeadLetterQueue<Item>({
      scheduler: clock,
      ...(store !== 'memory' && { store: this.#store(store === 'flaky') }),
    });
    deadLetters.errors.subscribe();
    return {
      name: 'simulated',
      concurrency,
      capacity,
      overflow,
      strategy,
      scheduler: timers,
      deadLetters,
      random: pseudoRandom(),
      ...(isKeyed && { key: keyOf }),
      ...(retry !== undefined && { retry: { ...retry, retryIf: (error) => !retry.isPicky || error !== undefined } }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(breaker !== undefined && { breaker }),
      ...(isProbed && { probe: { accepted: look, started, retried: look, settled: look, dropped: look } }),
    };
  }

  /** Keeps letters within 3 ms; a flaky one fails every third time. */
  #store(isFlaky: boolean): DeadLetterStore<Item> {
    const letters = new Map<string, DeadLetter<Item>>();
    let calls = 0;
    const later = (work: () => void): Promise<void> =>
      new Promise((resolve, reject) => {
        this.#world.clock.schedule(() => {
          if (isFlaky && ++calls % 3 === 0) reject(new Error('The store is away.'));
          else resolve(work());
        }, 3);
      });
    return {
      add: (letter) => later(() => void letters.set(letter.id, letter)),
      remove: (id) => later(() => void letters.delete(id)),
      list: () => [...letters.values()],
    };
  }
}

function value(call: Call, { end, error }: PlannedAttempt): string {
  call.state = end === 'fail' ? 'failed' : 'succeeded';
  if (end === 'fail') throw error;
  return 'a value';
}

function keyOf({ plan: { key } }: Item): string {
  if (key === 'throws') throw new Error('no key');
  return key;
}

/** The same numbers in each run, so that a failure can be repeated. */
function pseudoRandom(): () => number {
  let state = 1;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}
