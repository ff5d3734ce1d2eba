import { type Channel, type ChannelWorkers, createChannel } from 'millrace';
import type { ExplorationContext } from 'millrace/testing';
import { Breaches, expectThat } from './expect-that.ts';

/** What a channel never does, whoever sends and takes: lose an item, hand it out twice, let in more than it may, or mix their order. */
export async function channelScenario({ schedule, flaky, timeline, time }: ExplorationContext): Promise<void> {
  const capacity = schedule.oneOf([2, 0, 1, 4, 64]);
  const breaches = new Breaches();
  const channel: Channel<number> = createChannel({
    capacity,
    ...(schedule.chance(0.3) && { probe: timeline().probe }),
  });
  /** Where each item has ended. */
  const ends = new Map<number, string[]>();
  const started: number[] = [];
  const taken = new Set<number>();
  const refused = new Set<number>();
  const loops: Promise<void>[] = [];
  const pools: ChannelWorkers[] = [];
  const kinds = ['workers', 'loop', 'subscriber'] as const;
  const consumers = schedule.upTo(3);
  let isFirstInFirstOut = consumers === 1;
  for (let index = 0; index < consumers; index++) consume(schedule.oneOf(kinds), `consumer ${index}`);

  const sending: Promise<unknown>[] = [];
  const count = schedule.upTo(20);
  for (let item = 0; item < count; item++) {
    if (schedule.chance(0.4)) trySend(item);
    else sending.push(send(item));
    expectBounds();
    const gapMs = schedule.oneOf([0, 0, 0, 1, 6]);
    if (gapMs > 0) await time.advance(gapMs);
    if (schedule.chance(0.3)) await expectNobodyWaits();
    if (schedule.chance(0.1)) disturb();
  }
  await finish();
  breaches.expectNone();

  function end(item: number, how: string): void {
    ends.set(item, [...(ends.get(item) ?? []), how]);
  }

  function consume(kind: (typeof kinds)[number], name: string): void {
    if (kind === 'workers') pools.push(startWorkers(name));
    if (kind === 'loop') loops.push(loop(name));
    if (kind === 'subscriber') {
      channel.events().subscribe((item) => {
        started.push(item);
        end(item, name);
      });
    }
  }

  function startWorkers(name: string): ChannelWorkers {
    const concurrency = 1 + schedule.upTo(2);
    if (concurrency > 1) isFirstInFirstOut = false;
    const work = flaky<number>((item, { signal }) => void (signal.aborted || end(item, name)), { failures: 0.2 });
    return channel.process(
      (item, context) => {
        if (context.attempt === 1) started.push(item);
        // Its channel knows of a pool before process() has returned it.
        const stats = channel.stats().workers.find((other) => other.name === name);
        breaches.note(() => expectThat((stats?.running ?? 0) <= concurrency, `at most ${concurrency} at work`, stats));
        return work(item, context);
      },
      { name, concurrency, retry: { maxAttempts: 1 + schedule.upTo(1), delayMs: schedule.oneOf([0, 3]) } },
    );
  }

  async function loop(name: string): Promise<void> {
    let left = schedule.oneOf([Infinity, 1, 3]);
    for await (const item of channel) {
      started.push(item);
      end(item, name);
      if (schedule.chance(0.5)) await time.advance(1 + schedule.upTo(4));
      if (--left === 0) break;
    }
  }

  function trySend(item: number): void {
    (channel.trySend(item) ? taken : refused).add(item);
  }

  async function send(item: number): Promise<void> {
    const controller = new AbortController();
    const giveUp = schedule.chance(0.2) ? setTimeout(() => controller.abort(), schedule.upTo(5)) : undefined;
    await channel.send(item, { signal: controller.signal }).then(
      () => taken.add(item),
      () => refused.add(item),
    );
    clearTimeout(giveUp);
  }

  function disturb(): void {
    const pool = pools[schedule.upTo(pools.length)];
    const what = schedule.oneOf(['pause', 'resume', 'close'] as const);
    pool?.[what]();
  }

  function expectBounds(): void {
    const { accepted, handedOut, abandoned, waiting, suspended, workers } = channel.stats();
    // What waits for another attempt beside full slots takes a place, too.
    const beside = workers.map(({ pending, concurrency }) => Math.max(0, pending - concurrency));
    const held = beside.reduce((sum, items) => sum + items, waiting);
    expectThat(held <= capacity, `at most ${capacity} to wait`, channel.stats());
    expectThat(accepted === handedOut + waiting + abandoned, 'that the sums agree', channel.stats());
    expectThat(suspended === 0 || held >= capacity, 'no producer to wait while there is room', channel.stats());
  }

  /** At rest, nothing waits that a consumer could take. */
  async function expectNobodyWaits(): Promise<void> {
    await time.settle();
    expectBounds();
    const { waiting, suspended, workers } = channel.stats();
    const isFree = workers.some(({ state, pending, concurrency }) => state === 'open' && pending < concurrency);
    expectThat(!isFree || waiting + suspended === 0, 'no item to wait while workers are free', channel.stats());
  }

  async function finish(): Promise<void> {
    for (const pool of pools) pool.resume();
    const ending = schedule.oneOf(['drain', 'deadline', 'close'] as const);
    if (ending === 'close') channel.close();
    if (ending !== 'deadline' && !channel.isClosed) startWorkers('the last');
    // Closed with nobody there: what is left is given up.
    const report = await channel.drain(ending === 'drain' ? {} : { deadlineMs: 5 });
    await Promise.all([...sending, ...loops]);
    const { waiting, suspended, workers } = channel.stats();
    expectThat(waiting + suspended + workers.length === 0, 'nothing to be left', channel.stats());
    expectThat(report.completed || ending !== 'drain', 'a drain without a deadline to finish all', report);
    for (const { event, reason } of await channel.deadLetters.list()) end(event, `letter: ${reason}`);
    expectThat(taken.size + refused.size === count, `${count} answers to producers`, [taken.size, refused.size]);
    for (let item = 0; item < count; item++) {
      const all = ends.get(item) ?? [];
      expectThat(all.length === (taken.has(item) ? 1 : 0), 'each item that was taken to end once', { item, all });
    }
    if (!isFirstInFirstOut || ending !== 'deadline') return;
    expectThat(
      started.every((item, index) => index === 0 || started[index - 1]! < item),
      'one consumer to have items in their order',
      started,
    );
  }
}
