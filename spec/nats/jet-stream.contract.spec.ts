import { setTimeout as sleep } from 'node:timers/promises';
import { jetStreamBroker } from 'millrace/nats';
import { brokerContract } from 'millrace/testing';
import { afterAll, describe, it } from 'vitest';
import { openOwnServer } from '../support/own-server.ts';

// All 10,000 messages, by hand: MILLRACE_SCALE=1 npx vitest run spec/nats/jet-stream.contract.spec.ts
const scale = Number(process.env['MILLRACE_SCALE'] ?? 0.1);
const server = await openOwnServer('nats');

afterAll(async () => server?.[Symbol.asyncDispose]());

/** The server writes what groups have acknowledged ten times a second: what it has not written, it gives again after a crash, as at least once allows. */
async function restart(): Promise<void> {
  await sleep(300);
  await server!.kill();
  await server!.start();
}

describe.each([{ inTurn: false }, { inTurn: true }])('jetStreamBroker({ inTurn: $inTurn })', ({ inTurn }) => {
  // What the server has sent to a connection that was lost comes again after this time.
  const open = async () => jetStreamBroker({ connect: { servers: server!.url }, inTurn, ackWaitMs: 2_000 });
  const missing = server === undefined ? { unavailable: 'no nats-server on this machine' } : {};
  const capabilities = {
    delivery: 'at-least-once',
    groups: true,
    durableGroups: true,
    redelivery: true,
    delayedRedelivery: true,
    deliveryCount: true,
    order: 'total',
    orderAcrossRedelivery: inTurn,
    history: true,
    replayFromTime: true,
    replayFromSequence: true,
    deduplication: true,
    lease: 'extendable',
    letterStores: true,
    wildcards: true,
    restart: true,
  } as const;
  const options = { scale, restart, timeLimitMs: 60_000, ...missing };
  for (const { name, skip, run } of brokerContract(open, capabilities, options)) {
    if (skip !== undefined) it.skip(`${name} (${skip.reason})`);
    else it(name, { timeout: 90_000 }, async () => void (await run()));
  }
});
