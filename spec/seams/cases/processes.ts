import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsumerProcess } from '../consumer-process.ts';
import type { SeamReport } from '../ledger.ts';
import { numbersFrom } from '../numbers.ts';
import { openBus, publishTo } from '../open-bus.ts';
import type { Seam } from '../seam.ts';
import type { SeamRun } from '../seam-run.ts';

const NEEDS = { durableGroups: true, redelivery: true } as const;

/** Consumers that are killed. */
export const processSeams: readonly Seam[] = [
  {
    name: "loses nothing when a consumer's process is killed under load and started again, twice",
    needs: NEEDS,
    isSpawning: true,
    run: survivesDeath,
  },
  {
    name: 'keeps what no process survives as a dead letter, and goes on',
    needs: { ...NEEDS, deliveryCount: true, letterStores: true },
    isSpawning: true,
    run: buriesKillers,
  },
];

async function survivesDeath(run: SeamRun): Promise<SeamReport> {
  const count = run.count(10_000);
  const { bus, Order } = await openBus(run);
  const consumer = await startConsumer(run);
  await run.watch();
  const publishing = publishTo(run, bus, Order, numbersFrom(0, count));
  for (const share of [1 / 3, 2 / 3]) {
    await run.until(
      () => book(run, consumer) >= count * share,
      () => `${count * share} handled, got ${run.ledger.handled.size}, and ${inWords(consumer)}`,
    );
    await consumer.kill();
    await consumer.start();
  }
  await publishing;
  await settled(run, consumer);
  return run.report();
}

async function buriesKillers(run: SeamRun): Promise<SeamReport> {
  const deadly = 7;
  const { bus, Order } = await openBus(run);
  const consumer = await startConsumer(run, deadly);
  await run.watch();
  await publishTo(run, bus, Order, numbersFrom(0, 40));
  let starts = 1;
  const isBuried = async (): Promise<boolean> => {
    for (const { event } of await bus.deadLetters.list()) {
      run.ledger.dead.add((event.data as { readonly number: number }).number);
    }
    return run.ledger.dead.size > 0;
  };
  while (!(await run.within(isBuried(), () => 'no dead letters to be listed'))) {
    await run.until(
      () => !consumer.isRunning || starts > 3,
      () => 'a consumer to be killed by what it handles',
    );
    if (consumer.isRunning) continue;
    starts++;
    await consumer.start();
  }
  await settled(run, consumer);
  return run.report();
}

/** Books what a consumer has handled. @returns how many different ones it has in all */
function book({ ledger }: SeamRun, consumer: ConsumerProcess): number {
  for (const number of consumer.newlyHandled()) ledger.handle(number);
  return ledger.handled.size;
}

async function settled(run: SeamRun, consumer: ConsumerProcess): Promise<void> {
  await run.until(
    () => {
      book(run, consumer);
      return run.ledger.missing.length === 0;
    },
    () =>
      `all of ${run.ledger.confirmed.size} to be handled or dead, got all but ${run.ledger.missing.length}, and ${inWords(consumer)}`,
  );
}

async function startConsumer(run: SeamRun, deadly?: number): Promise<ConsumerProcess> {
  const { target } = run.rig;
  if (target === undefined) throw new Error('Expected a broker that other processes can reach.');
  const folder = await mkdtemp(join(tmpdir(), 'millrace-seam-'));
  run.onClose(() => rm(folder, { recursive: true }));
  const task = { target, topic: run.topic, group: run.group, file: join(folder, 'handled') };
  const consumer = new ConsumerProcess(deadly === undefined ? task : { ...task, deadly });
  run.onClose(() => consumer.kill());
  await consumer.start();
  return consumer;
}

function inWords({ isRunning, said }: ConsumerProcess): string {
  return `a consumer that is ${isRunning ? 'running' : 'gone'} and has said:\n${said}`;
}
