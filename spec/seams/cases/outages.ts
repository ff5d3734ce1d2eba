import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from 'millrace';
import type { SeamReport } from '../ledger.ts';
import type { Seam } from '../seam.ts';
import type { SeamRun } from '../seam-run.ts';
import { numbersFrom } from '../numbers.ts';

const NEEDS = { durableGroups: true, redelivery: true } as const;

/** A server that goes, and a network that fails, under load. */
export const outageSeams: readonly Seam[] = [
  {
    name: 'loses nothing when the server is killed under load and started again',
    needs: { ...NEEDS, restart: true },
    run: survivesKills,
  },
  { name: 'loses nothing when the network is cut under load, five times', needs: NEEDS, run: survivesCuts },
  { name: 'loses nothing when the network goes half-open under load', needs: NEEDS, run: survivesHalfOpen },
  { name: 'goes on when a network that was cut is there again', needs: {}, run: goesOn },
  { name: 'carries a megabyte with any text in its headers over a cut', needs: NEEDS, run: carriesLargeOverCuts },
  {
    name: 'resolves or rejects each publication of an outage, within its time, and loses none that it has resolved',
    needs: { ...NEEDS, restart: true },
    run: publishesDuringOutage,
  },
];

async function survivesKills(run: SeamRun): Promise<SeamReport> {
  const { rig } = run;
  const [publisher, reader] = [await run.open(), await run.open()];
  const count = run.count(10_000);
  await run.watch();
  await run.consume(reader, () => sleep(1));
  await sleep(rig.settleMs);
  // A second time where there is time for it.
  const parts = run.isFull ? 3 : 2;
  const size = Math.ceil(count / parts);
  const publishing = [run.publishAll(publisher, numbersFrom(0, size))];
  for (let part = 1; part < parts; part++) {
    await confirmed(run, size * (part - 0.5));
    await rig.kill();
    // While it is away: who publishes them, and who reads them, must reach it again.
    publishing.push(run.publishAll(publisher, numbersFrom(size * part, size)));
    await rig.start();
  }
  await Promise.all(publishing);
  await run.settled();
  expectReconnected(publisher, reader);
  return run.report();
}

async function survivesCuts(run: SeamRun): Promise<SeamReport> {
  const { rig } = run;
  const [publisher, reader] = [await run.open({ route: 'network' }), await run.open({ route: 'network' })];
  const count = run.count(10_000);
  await run.watch();
  await run.consume(reader, () => sleep(1));
  const { dialled } = rig.network;
  const publishing = run.publishAll(publisher, numbersFrom(0, count));
  for (let cut = 1; cut <= 4; cut++) {
    await confirmed(run, (count * cut) / 6);
    rig.network.cut();
  }
  await confirmed(run, (count * 5) / 6);
  rig.network.shut();
  await sleep(500);
  rig.network.restore();
  await publishing;
  await run.settled();
  // Otherwise nothing was tried. Who reads may have been away for some of them.
  if (rig.network.dialled < dialled + 6) throw new Error('Expected clients that dial again after each of five cuts.');
  return run.report();
}

async function survivesHalfOpen(run: SeamRun): Promise<SeamReport> {
  const { rig } = run;
  const [publisher, reader] = [await run.open({ route: 'network' }), await run.open({ route: 'network' })];
  const count = run.count(10_000);
  await run.watch();
  await run.consume(reader, () => sleep(1));
  const { dialled } = rig.network;
  const publishing = run.publishAll(publisher, numbersFrom(0, count));
  await confirmed(run, count / 2);
  rig.network.halfOpen();
  await sleep(1_000);
  // The old connections stay as they are: nobody tells their clients.
  rig.network.restore();
  await publishing;
  await run.settled();
  if (rig.network.dialled < dialled + 2) throw new Error('Expected two clients to dial again.');
  return run.report();
}

/** All that can be asked where nothing is kept: what was said meanwhile is nobody's. */
async function goesOn(run: SeamRun): Promise<SeamReport> {
  const { rig } = run;
  const [publisher, reader] = [await run.open({ route: 'network' }), await run.open({ route: 'network' })];
  await run.watch();
  await run.consume(reader);
  await run.publishAll(publisher, numbersFrom(0, 100));
  await run.settled();
  rig.network.shut();
  await run.until(
    () => [publisher, reader].every((broker) => broker.stats().state === 'reconnecting'),
    () => 'clients to see that they are cut off',
  );
  rig.network.restore();
  await run.until(
    () => [publisher, reader].every((broker) => broker.stats().state === 'connected'),
    () => 'clients to connect again',
  );
  // Whoever has connected has not yet subscribed again.
  if (!reader.capabilities.durableGroups) await sleep(200);
  await run.publishAll(publisher, numbersFrom(100, 100));
  await run.settled();
  expectReconnected(publisher, reader);
  return run.report();
}

async function carriesLargeOverCuts(run: SeamRun): Promise<SeamReport> {
  const { rig } = run;
  const [publisher, reader] = [await run.open({ route: 'network' }), await run.open({ route: 'network' })];
  const text = 'x'.repeat(1_000_000 - 10);
  await run.watch();
  const damaged: number[] = [];
  await run.consume(reader, ({ message: { body, headers } }, number) => {
    const [said = '', rest = ''] = new TextDecoder().decode(body).split(' ', 2);
    if (said !== String(number) || rest !== text || headers['text'] !== run.message(number).headers['text']) {
      damaged.push(number);
    }
  });
  const large = (number: number): Uint8Array => new TextEncoder().encode(`${number} ${text}`);
  const publishing = run.publishAll(publisher, numbersFrom(0, 20), (number) => ({ body: large(number) }));
  for (const wanted of [5, 10, 15]) {
    await confirmed(run, wanted);
    rig.network.cut();
  }
  await publishing;
  await run.settled();
  if (damaged.length > 0) throw new Error(`Expected whole messages, got ${damaged.join()} damaged.`);
  return run.report();
}

async function publishesDuringOutage(run: SeamRun): Promise<SeamReport> {
  const { rig, ledger } = run;
  const publishTimeoutMs = 500;
  const [patient, hasty] = [await run.open(), await run.open({ publishTimeoutMs })];
  await run.watch();
  await run.consume(await run.open());
  await run.publishAll(patient, numbersFrom(0, 20));
  await run.publishAll(hasty, numbersFrom(20, 20));
  await sleep(rig.settleMs);
  await rig.kill();
  const publishing = numbersFrom(40, 100).map((number) => publish(run, patient, number));
  const start = Date.now();
  const isConfirmed = await run.within(publish(run, hasty, 140), () => 'no answer to a publication in an outage');
  const waitedMs = Date.now() - start;
  if (isConfirmed || waitedMs > publishTimeoutMs * 4) {
    throw new Error(`Expected an Error within ${publishTimeoutMs} ms of an outage, got none in ${waitedMs} ms.`);
  }
  await rig.start();
  await run.within(Promise.all(publishing), () => `${ledger.confirmed.size} resolved, ${ledger.unknown.size} rejected`);
  await run.publishAll(patient, numbersFrom(141, 20));
  await run.publishAll(hasty, numbersFrom(161, 20));
  await run.settled();
  return run.report();
}

/** @returns whether it was confirmed; if not, nobody knows */
function publish(run: SeamRun, broker: Broker, number: number): Promise<boolean> {
  const { ledger } = run;
  return broker.publish(run.message(number)).then(
    () => {
      ledger.confirmed.add(number);
      return true;
    },
    (error: unknown) => {
      if (!(error instanceof Error)) throw new Error('Expected an Error that says what happened.');
      ledger.unknown.add(number);
      return false;
    },
  );
}

/** Otherwise nothing was tried. */
function expectReconnected(...brokers: readonly Broker[]): void {
  for (const broker of brokers) {
    const { state, reconnects } = broker.stats();
    if (state === 'connected' && reconnects > 0) continue;
    throw new Error(`Expected a client that has reconnected, got one that is ${state}, after ${reconnects} times.`);
  }
}

async function confirmed(run: SeamRun, count: number): Promise<void> {
  await run.until(
    () => run.ledger.confirmed.size >= count,
    () => `${count} to be confirmed, got ${run.ledger.confirmed.size}`,
  );
}
