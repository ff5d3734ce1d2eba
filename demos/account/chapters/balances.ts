import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DocumentStore,
  type EventStore,
  type Projection,
  type ProjectionProgress,
  projectionProgress,
  ProjectionStoppedError,
  runProjection,
} from 'millrace';
import { openBar } from '../../shared/bar.ts';
import { counted, grouped } from '../../shared/text.ts';
import { Account, type AccountState } from '../account.ts';
import { BalanceFiles, balanceProjection, type Balances } from '../balances.ts';
import { balancesBeside } from '../open-store.ts';
import type { Counted, Scene } from '../scene.ts';

const READ_EVERY_MS = 20;

/** A read model follows the events; then it is built anew, while readers go on with the old one. */
export async function rebuildBalances(scene: Scene): Promise<Counted> {
  const { store, options, say, stop } = scene;
  const files = new BalanceFiles(balancesBeside(options.file));
  const before = await projectionProgress(store.documents, 'balances');
  say(
    before === undefined
      ? 'A projection makes the balances of all accounts, for readers who want them without events.'
      : `The projection of all balances goes on where it stopped, in generation ${before.generation}.`,
  );
  await using projection = runProjection(store, balanceProjection(files), { leaseMs: 2_000 });
  projection.errors.subscribe(({ error }) => say(`  ${(error as Error).message}`));
  await catchUp(projection, scene);
  const reads = stop.aborted ? undefined : await rebuild(projection, files, scene);
  if (!stop.aborted) await projection.caughtUp({ signal: stop }).catch(unlessStopped(stop));
  const { handler } = projection.stats();
  await projection.drain();
  if (reads === undefined || stop.aborted) return { sums: [] };
  const { all, complete } = reads;
  return {
    sums: [
      { of: 'reads during the rebuild', whole: all, parts: { 'of all that was there before': complete } },
      ...(await sumsOf(await readBalances(store.documents, files), scene)),
    ],
    ...(handler !== undefined && { handlers: [handler] }),
  };
}

/** Waits until the read model has all events. One that cannot go on is made anew afterwards, and that is the cure. */
async function catchUp(projection: Projection, { say, stop }: Scene): Promise<void> {
  const startedAt = performance.now();
  try {
    await projection.caughtUp({ signal: stop });
    const { handler, generation } = projection.stats();
    const took = ((performance.now() - startedAt) / 1_000).toFixed(2);
    say(`  Generation ${generation} has taken ${counted(handler?.handled ?? 0, 'event')} in ${took} s.`);
  } catch (error) {
    if (error instanceof ProjectionStoppedError) return;
    unlessStopped(stop)(error);
  }
}

/** Rebuilds, and reads meanwhile. */
async function rebuild(projection: Projection, files: BalanceFiles, { store, say, stop }: Scene): Promise<Reads> {
  const why = projection.stats().state === 'stopped' ? 'which mends it' : 'as after a change of its form';
  say(`It is built anew, ${why}. Readers have generation ${projection.generation} meanwhile.`);
  const bar = openBar(process.stdout, 'positions');
  const done = new AbortController();
  const reading = readOn(store, files, done.signal);
  try {
    await projection.rebuild({ onProgress: ({ position, head }) => bar.show(position, head), signal: stop });
  } catch (error) {
    unlessStopped(stop)(error);
  } finally {
    bar.end();
    done.abort();
  }
  const reads = await reading;
  if (!stop.aborted) {
    const seen = [...reads.seen].map(([text, times]) => `${text}, ${counted(times, 'time')}`);
    say(`  Readers have seen meanwhile${seen.length === 0 ? ' that there is nothing to read.' : ':'}`);
    for (const text of seen) say(`    ${text}`);
    say(`  Now there is generation ${projection.generation}.`);
  }
  return reads;
}

/** What readers have seen, and how often. */
interface Reads {
  readonly seen: Map<string, number>;
  all: number;
  /** Those with no event less than the first. */
  complete: number;
}

/** Reads for as long as the rebuild lasts, as other processes do. */
async function readOn(store: EventStore, files: BalanceFiles, done: AbortSignal): Promise<Reads> {
  const reads: Reads = { seen: new Map(), all: 0, complete: 0 };
  let first: number | undefined;
  while (!done.aborted) {
    const model = await readBalances(store.documents, files).catch(() => undefined);
    if (model !== undefined) note(model);
    await sleep(READ_EVERY_MS);
  }
  return reads;

  function note({ generation, balances }: ReadModel): void {
    const text = `generation ${generation} with ${counted(balances.size, 'account')} and ${grouped(totalOf(balances))} in them`;
    reads.seen.set(text, (reads.seen.get(text) ?? 0) + 1);
    first ??= eventsIn(balances);
    reads.all++;
    if (eventsIn(balances) >= first) reads.complete++;
  }
}

/**
 * Held against a fold of all events, account by account. Another run of this demo may append meanwhile, and its
 * projection write what it appends: all that the projection had settled must be there, and what came later may be.
 */
async function sumsOf({ checkpoint, balances }: ReadModel, { store }: Scene): Promise<Counted['sums']> {
  const states = new Map<string, AccountState>();
  const events = { settled: 0, there: 0 };
  let isSettled = true;
  for await (const event of store.readAll({ streams: { prefix: `${Account.name}-` } })) {
    const isThere = event.version <= (balances.get(event.stream)?.version ?? 0);
    if (isSettled) {
      events.settled++;
      if (isThere) events.there++;
    }
    if (event.checkpoint === checkpoint) isSettled = false;
    if (isThere) states.set(event.stream, Account.evolve(states.get(event.stream) ?? Account.initial(), event));
  }
  const equal = [...states].filter(([stream, { balance }]) => balances.get(stream)?.balance === balance);
  const money = [...states.values()].reduce((sum, { balance }) => sum + balance, 0);
  return [
    { of: 'events of all accounts', whole: events.settled, parts: { 'in the read model': events.there } },
    {
      of: 'accounts',
      whole: balances.size,
      parts: { 'with the balance that a fold of their events has': equal.length },
    },
    { of: 'money of all accounts', whole: money, parts: { 'in the read model': totalOf(balances) } },
  ];
}

/** The balances that are the ones to read, and how far they go at least. */
interface ReadModel extends ProjectionProgress {
  readonly balances: Balances;
}

/** Reads as another process would: it asks which generation is the one to read, and reads its file. */
async function readBalances(documents: DocumentStore, files: BalanceFiles): Promise<ReadModel> {
  const progress = await projectionProgress(documents, 'balances');
  if (progress === undefined) throw new Error('Expected a projection that has run, got none.');
  try {
    return { ...progress, balances: await files.read(progress.generation) };
  } catch (error) {
    // Between the two, the generation may have been replaced: then it is asked again.
    if ((await projectionProgress(documents, 'balances'))?.generation === progress.generation) throw error;
    return readBalances(documents, files);
  }
}

function totalOf(balances: Balances): number {
  return [...balances.values()].reduce((sum, { balance }) => sum + balance, 0);
}

function eventsIn(balances: Balances): number {
  return [...balances.values()].reduce((sum, { version }) => sum + version, 0);
}

/** Ctrl-C ends a wait with an error, which is none here. */
function unlessStopped(stop: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!stop.aborted) throw error;
  };
}
