import { rabbitMqBroker } from 'millrace/rabbitmq';
import { brokerContract } from 'millrace/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { openRabbitMq, type OwnRabbitMq, ownName, rabbitMqUrl } from '../support/rabbitmq.ts';

// Watermill's own sizes, by hand: MILLRACE_SCALE=1 npx vitest run spec/rabbitmq/contract.spec.ts
const scale = Number(process.env['MILLRACE_SCALE'] ?? 0.1);
const missing = rabbitMqUrl === undefined ? { unavailable: 'no RabbitMQ on this machine' } : {};
const common = { scale, timeLimitMs: 60_000, ...missing };

const atLeastOnce = {
  delivery: 'at-least-once',
  groups: true,
  durableGroups: true,
  redelivery: true,
  delayedRedelivery: true,
  deliveryCount: true,
  order: 'total',
  deadLetters: true,
  letterStores: true,
  wildcards: true,
} as const;

describe('rabbitMqBroker()', () => {
  let server: OwnRabbitMq | undefined;

  // It is killed in between, so it is not the shared one.
  beforeAll(async () => {
    if (rabbitMqUrl !== undefined) server = await openRabbitMq();
  }, 60_000);

  afterAll(async () => server?.[Symbol.asyncDispose]());

  const open = async () => rabbitMqBroker({ connect: { url: server!.url } });
  const restart = async () => server!.restart();
  for (const { name, skip, run } of brokerContract(open, { ...atLeastOnce, restart: true }, { ...common, restart })) {
    if (skip !== undefined) it.skip(`${name} (${skip.reason})`);
    else it(name, { timeout: 90_000 }, async () => void (await run()));
  }
});

describe('rabbitMqBroker() with inTurn', () => {
  const prefix = `${ownName('in-turn')}.`;
  const open = async () => rabbitMqBroker({ connect: { url: rabbitMqUrl! }, inTurn: true, prefix });
  const cases = brokerContract(open, { ...atLeastOnce, orderAcrossRedelivery: true }, common);
  // The others are the same with and without it.
  for (const { name, skip, run } of cases.filter(({ needs }) => 'order' in needs || 'redelivery' in needs)) {
    if (skip !== undefined) it.skip(`${name} (${skip.reason})`);
    else it(name, { timeout: 90_000 }, async () => void (await run()));
  }
});
