// A consumer in a process of its own, for seams to kill: it writes the number of each event that it has handled into a file, a line each.
import { openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBrokeredBus, defineEvent, payload } from 'millrace';
import { openTarget } from './open-target.ts';
import type { BrokerTarget } from './rig.ts';

/** What it is told on its command line. */
export interface ConsumerTask {
  readonly target: BrokerTarget;
  readonly topic: string;
  readonly group: string;
  /** Where it writes. */
  readonly file: string;
  /** The number of an event that it does not survive. */
  readonly deadly?: number;
}

const { target, topic, group, file, deadly } = JSON.parse(process.argv[2] ?? '') as ConsumerTask;
const handled = openSync(file, 'a');
const broker = await openTarget(target);
const bus = createBrokeredBus(broker, { group, leaseMs: 2_000, maxDeliveries: 3 });
bus.errors.subscribe(() => undefined);
bus.on(
  defineEvent(topic, payload<{ readonly number: number }>()),
  async ({ data: { number } }) => {
    if (number === deadly) process.kill(process.pid, 'SIGKILL');
    await sleep(2);
    writeSync(handled, `${number}\n`);
  },
  // What is read ahead dies with the process, too, each time: where one event is deadly, none stands behind it.
  deadly === undefined ? { name: 'seam', concurrency: 16, capacity: 48 } : { name: 'seam', capacity: 0 },
);
await bus.ready;
console.log('ready');
