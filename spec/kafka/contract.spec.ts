import { brokerContract } from 'millrace/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { kafkaUrl, openKafka, ownName, warmUp } from '../support/kafka.ts';
import { openOwnServer, type OwnServer } from '../support/own-server.ts';

// Watermill's own sizes, by hand: MILLRACE_SCALE=1 npx vitest run spec/kafka/contract.spec.ts
const scale = Number(process.env['MILLRACE_SCALE'] ?? 0.1);
const missing = kafkaUrl === undefined ? { unavailable: 'no Kafka on this machine' } : {};
const common = { scale, timeLimitMs: scale > 0.1 ? 300_000 : 60_000, ...missing };

const atLeastOnce = {
  delivery: 'at-least-once',
  groups: true,
  durableGroups: true,
  redelivery: true,
  delayedRedelivery: true,
  order: 'key',
  history: true,
  replayFromTime: true,
  replayFromSequence: true,
  letterStores: true,
  wildcards: true,
  restart: true,
} as const;

let server: OwnServer | undefined;

// It is killed in between, so it is not the shared one.
beforeAll(async () => {
  if (kafkaUrl === undefined) return;
  server = await openOwnServer('kafka');
  await warmUp(server!.url);
}, 60_000);

afterAll(async () => server?.[Symbol.asyncDispose]());

async function restart(): Promise<void> {
  await server!.kill();
  await server!.start();
}

describe('kafkaBroker()', () => {
  const open = async () => openKafka({}, server!.url);
  const claims = { ...atLeastOnce, orderAcrossRedelivery: true };
  for (const { name, skip, run } of brokerContract(open, claims, { ...common, restart })) {
    if (skip !== undefined) it.skip(`${name} (${skip.reason})`);
    else it(name, { timeout: common.timeLimitMs + 30_000 }, async () => void (await run()));
  }
});

describe('kafkaBroker() with transactions', () => {
  const transactional = { id: ownName('contract') };
  const open = async () => openKafka({ transactional }, server!.url);
  // Restarts take long, and are tried with it by hand.
  const claims = {
    ...atLeastOnce,
    delivery: 'exactly-once',
    orderAcrossRedelivery: true,
    atomicPublish: true,
    restart: scale > 0.1,
  } as const;
  for (const { name, skip, run } of brokerContract(open, claims, { ...common, restart })) {
    if (skip !== undefined) it.skip(`${name} (${skip.reason})`);
    else it(name, { timeout: common.timeLimitMs + 30_000 }, async () => void (await run()));
  }
});
