import {
  type Batched,
  ClosedError,
  createChannel,
  createDeadLetterQueue,
  type DeadLetter,
  type DeadLetterStore,
  type Handler,
  type HandlerContext,
  type WorkerOptions,
} from 'millrace';
import { Observable, take } from 'rxjs';
import { settled } from '../../support/virtual-clock.ts';
import { Call, Item } from './item.ts';
import { CHANNEL, Laws } from './laws.ts';
import type { Deed, Plan, PlannedAttempt, PlannedItem, PlannedPool, PlannedReader, Reaction } from './plans.ts';
import { type Draining, type Loop, type Pool, type Reader, Sequence, World } from './world.ts';

/** Runs a plan, and looks at the channel from outside: at every callback, and after every action of the clock. */
export class Simulation {
  readonly #world: World;
  readonly #laws: Laws;
  #problem: unknown;

  constructor(plan: Plan) {
    const world = new World(plan);
    const deadLetters = createDeadLetterQueue<Item>({
      scheduler: world.timers,
      ...(plan.store === 'slow' && { store: this.#slowStore() }),
    });
    this.#world = world;
    this.#laws = new Laws(world);
    world.channel = createChannel({
      name: CHANNEL,
      capacity: plan.capacity,
      scheduler: world.timers,
      deadLetters,
      random: () => 0.5,
      ...(plan.isProbed && { probe: { accepted: this.#look, started: this.#look, settled: this.#look } }),
    });
    world.channel.errors.subscribe(({ kind, error }) => {
      if (kind !== 'late-result') this.#note(() => rethrow(error));
    });
    deadLetters.subscribe((letter) => this.#onLetter(letter));
  }

  /** Lets all promises settle after each action. */
  async run(): Promise<void> {
    const { clock, plan } = this.#world;
    let time = 0;
    for (const deed of plan.starts) this.#do(deed);
    for (const { waitMs, deed } of plan.steps) {
      time += waitMs;
      clock.schedule(() => this.#do(deed), time);
    }
    clock.schedule(() => this.#do({ do: 'drain', deadlineMs: plan.deadlineMs }), time + plan.drainAfterMs);
    while (clock.step()) {
      await settled();
      this.#throwProblem();
      this.#laws.ofRest();
    }
    this.#laws.ofEnd();
    this.#throwProblem();
  }

  readonly #look = (): void => this.#note(() => this.#laws.ofEveryMoment());

  /** Keeps the first problem: what a callback throws, the channel would take for a fault of the handler. */
  #note(check: () => unknown): void {
    try {
      check();
    } catch (error) {
      this.#problem ??= error;
    }
  }

  #throwProblem(): void {
    if (this.#problem !== undefined) throw this.#problem;
  }

  // ---- Deeds ----

  #do(deed: Deed): void {
    const { channel, loops, readers, pools } = this.#world;
    switch (deed.do) {
      case 'trySend':
        return this.#trySend(deed.item);
      case 'send':
        return void this.#send(deed.item, deed.abortAfterMs);
      case 'iterate':
        return this.#iterate(deed.reader);
      case 'subscribe':
        return this.#subscribe(deed.reader);
      case 'process':
        return this.#process(deed.pool);
      case 'break':
        return void choose(loops, deed.which)?.iterator.return?.();
      case 'unsubscribe':
        return choose(readers, deed.which)?.subscription.unsubscribe();
      case 'closePool':
        return this.#closePool(choose(pools, deed.which));
      case 'pausePool':
        return choose(pools, deed.which)?.workers?.pause();
      case 'resumePool':
        return choose(pools, deed.which)?.workers?.resume();
      case 'drainPool':
        return void this.#drainPool(choose(pools, deed.which), deed.deadlineMs);
      case 'close':
        return channel.close();
      case 'dispose':
        return channel[Symbol.dispose]();
      case 'drain':
        return this.#drain(deed.deadlineMs);
      default:
        return this.#redrive();
    }
  }

  #trySend(planned: PlannedItem): void {
    const item = this.#newItem(planned);
    item.answer = 'taken';
    if (!this.#world.channel.trySend(item)) item.answer = 'refused';
  }

  /** Says whether the item was taken. */
  async #send(planned: PlannedItem, abortAfterMs: number | undefined): Promise<boolean> {
    const world = this.#world;
    const item = this.#newItem(planned);
    const controller = new AbortController();
    if (abortAfterMs !== undefined) world.clock.schedule(() => controller.abort('changed my mind'), abortAfterMs);
    const { signal } = controller;
    world.sending++;
    try {
      await world.channel.send(item, { signal });
      item.answer = 'taken';
    } catch (error) {
      item.answer = error instanceof ClosedError ? 'closed' : 'aborted';
      if (item.answer === 'aborted' && error !== 'changed my mind') this.#note(() => rethrow(error));
    }
    world.sending--;
    return item.answer === 'taken';
  }

  #newItem(planned: PlannedItem): Item {
    const { items } = this.#world;
    const item = new Item(items.length, planned);
    items.push(item);
    return item;
  }

  #drain(deadlineMs: number | undefined): void {
    const { isTelling: isInTelling } = this.#world;
    const draining: Draining = { before: this.#world.counts(), isInTelling, report: undefined };
    // Those that come later are told what the first one is told.
    if (this.#world.drainings.length === 0) this.#world.drainings.push(draining);
    void this.#world.channel.drain(withDeadline(deadlineMs)).then((report) => (draining.report = report));
  }

  #redrive(): void {
    const world = this.#world;
    world.hasRedriven = true;
    world.redriving++;
    void world.channel.deadLetters.redrive().then(() => world.redriving--);
  }

  // ---- Loops and subscribers ----

  #iterate(reader: PlannedReader): void {
    const loop: Loop = {
      iterator: this.#world.channel[Symbol.asyncIterator](),
      asking: 0,
      running: reader.loops,
      order: new Sequence(),
    };
    this.#world.loops.push(loop);
    for (let count = 0; count < reader.loops; count++) void this.#loop(loop, reader);
  }

  async #loop(loop: Loop, { takes, paceMs }: PlannedReader): Promise<void> {
    let taken = 0;
    for await (const item of watched(loop)) {
      this.#receive(item, loop.order);
      if (++taken === takes) break;
      if (paceMs > 0) await this.#delay(paceMs);
    }
    loop.running--;
  }

  #subscribe({ takes }: PlannedReader): void {
    const order = new Sequence();
    const items$ = this.#world.channel.events();
    const state = { isComplete: false };
    const subscription = (takes === Infinity ? items$ : items$.pipe(take(takes))).subscribe({
      next: (item) => this.#receive(item, order),
      complete: () => (state.isComplete = true),
    });
    const reader: Reader = {
      subscription,
      order,
      get isComplete() {
        return state.isComplete;
      },
    };
    this.#world.readers.push(reader);
  }

  #receive(item: Item, order: Sequence): void {
    item.received++;
    this.#note(() => this.#laws.ofReceipt(item, order));
    this.#look();
    this.#react(item, 'receive');
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#world.clock.schedule(resolve, ms));
  }

  // ---- Workers ----

  #process(plan: PlannedPool): void {
    const { channel, pools } = this.#world;
    const pool: Pool = {
      plan,
      name: `pool ${pools.length}`,
      workers: undefined,
      isCutShort: false,
      calls: [],
      order: new Map(),
    };
    pools.push(pool);
    try {
      pool.workers = this.#start(pool);
    } catch (error) {
      pools.splice(pools.indexOf(pool), 1);
      const { waiting, state } = channel.stats();
      if (!(error instanceof ClosedError && state === 'closed' && waiting === 0)) this.#note(() => rethrow(error));
    }
  }

  #closePool(pool: Pool | undefined): void {
    if (pool?.workers === undefined) return;
    pool.isCutShort = true;
    pool.workers.close();
  }

  async #drainPool(pool: Pool | undefined, deadlineMs: number | undefined): Promise<void> {
    const { channel } = this.#world;
    if (pool?.workers === undefined) return;
    const isForAll = channel.isClosed && !pool.workers.closed;
    const report = await pool.workers.drain(withDeadline(deadlineMs));
    if (isForAll && !pool.isCutShort) this.#note(() => this.#laws.ofFinish(report));
  }

  #start(pool: Pool): ReturnType<World['channel']['process']> {
    const { channel } = this.#world;
    const { batch, isKeyed, retry, timeoutMs, breaker, concurrency } = pool.plan;
    const options: WorkerOptions<Item> = {
      name: pool.name,
      concurrency,
      ...(isKeyed && { key: keyOf }),
      ...(retry !== undefined && { retry }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(breaker !== undefined && { breaker }),
    };
    if (batch === undefined) {
      const handle: Handler<Item> = (item, context) => this.#call(pool, [item], context);
      return channel.process(handle, options);
    }
    const batched: Batched<WorkerOptions<Item>> = { ...options, batch };
    const handle: Handler<readonly Item[]> = (items, context) => this.#call(pool, items, context);
    return channel.process(handle, batched);
  }

  #call(pool: Pool, batch: readonly Item[], context: HandlerContext): unknown {
    this.#note(() => this.#laws.ofStart(pool, batch, context));
    const call = new Call(context.signal);
    const [first] = batch;
    pool.calls.push(call);
    for (const item of batch) item.calls.push(call);
    this.#look();
    call.signal.addEventListener('abort', () => this.#react(first!, 'abort'));
    this.#react(first!, 'call');
    const { attempts } = first!.plan;
    return this.#attempt(first!, call, attempts[Math.min(context.attempt, attempts.length) - 1]!);
  }

  #attempt(item: Item, call: Call, planned: PlannedAttempt): unknown {
    const { form, end } = planned;
    if (end === 'send') return this.#sendFrom(call, item);
    if (form === 'observable' || (form === 'value' && end === 'hang')) return this.#observable(item, call, planned);
    if (form === 'promise') return this.#promise(call, planned);
    call.state = end === 'fail' ? 'failed' : 'succeeded';
    if (end === 'fail') throw new Error('planned');
    return 'a value';
  }

  /** Without its signal: it is a handler that does not heed it. */
  async #sendFrom(call: Call, { plan: { key } }: Item): Promise<void> {
    const attempts = [{ form: 'value', end: 'succeed', afterMs: 0 } as const];
    const isTaken = await this.#send({ key, attempts, reaction: undefined }, undefined);
    call.state = isTaken ? 'succeeded' : 'failed';
    if (!isTaken) throw new Error('planned');
  }

  async #promise(call: Call, { end, afterMs }: PlannedAttempt): Promise<void> {
    if (end === 'hang') return new Promise(() => undefined);
    if (afterMs > 0) await this.#delay(afterMs);
    call.state = end === 'fail' ? 'failed' : 'succeeded';
    if (end === 'fail') throw new Error('planned');
    return undefined;
  }

  #observable(item: Item, call: Call, { end, afterMs }: PlannedAttempt): Observable<string> {
    return new Observable((subscriber) => {
      subscriber.add(() => {
        if (call.state !== 'active') return;
        call.isUnsubscribed = true;
        this.#react(item, 'abort');
      });
      const finish = (): void => {
        if (end === 'hang' || subscriber.closed) return;
        call.state = end === 'fail' ? 'failed' : 'succeeded';
        if (end === 'fail') subscriber.error(new Error('planned'));
        else subscriber.complete();
      };
      if (afterMs === 0) finish();
      else this.#world.clock.schedule(finish, afterMs);
    });
  }

  // ---- What is told ----

  #onLetter(letter: DeadLetter<Item>): void {
    const { event: item } = letter;
    item.letters.push(letter);
    this.#note(() => this.#laws.ofLetter(item, letter));
    this.#look();
    this.#react(item, 'letter');
  }

  #react(item: Item, to: Reaction['to']): void {
    const { reaction } = item.plan;
    if (reaction === undefined || reaction.to !== to || item.hasReacted) return;
    item.hasReacted = true;
    this.#world.isTelling = to === 'abort' || to === 'letter';
    this.#do(reaction.by);
    this.#world.isTelling = false;
    this.#look();
  }

  /** Keeps letters after 3 ms. */
  #slowStore(): DeadLetterStore<Item> {
    const letters = new Map<string, DeadLetter<Item>>();
    const later = async (work: () => void): Promise<void> => {
      await this.#delay(3);
      work();
    };
    return {
      add: (letter) => later(() => void letters.set(letter.id, letter)),
      remove: (id) => later(() => void letters.delete(id)),
      list: () => [...letters.values()],
    };
  }
}

/** The iterator of a loop, whose calls are counted while they wait. */
function watched(loop: Loop): AsyncIterableIterator<Item> {
  return {
    next: async () => {
      loop.asking++;
      try {
        return await loop.iterator.next();
      } finally {
        loop.asking--;
      }
    },
    return: async () => {
      await loop.iterator.return?.();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function choose<Value>(values: readonly Value[], which: number): Value | undefined {
  return values[which % values.length];
}

function withDeadline(deadlineMs: number | undefined): { readonly deadlineMs?: number } {
  return deadlineMs === undefined ? {} : { deadlineMs };
}

function keyOf({ plan: { key } }: Item): string {
  if (key === 'throws') throw new Error('no key');
  return key;
}

function rethrow(error: unknown): never {
  throw error;
}
