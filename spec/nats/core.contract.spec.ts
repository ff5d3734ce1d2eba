import { natsBroker } from 'millrace/nats';
import { brokerContract } from 'millrace/testing';
import { describe, it } from 'vitest';
import { natsUrl } from '../support/nats.ts';

// Watermill's own sizes, by hand: MILLRACE_SCALE=1 npx vitest run spec/nats/core.contract.spec.ts
const scale = Number(process.env['MILLRACE_SCALE'] ?? 0.1);

describe('natsBroker()', () => {
  const open = async () => natsBroker({ connect: { servers: natsUrl! } });
  const capabilities = { delivery: 'at-most-once', groups: true, order: 'total', wildcards: true } as const;
  const missing = natsUrl === undefined ? { unavailable: 'no nats-server on this machine' } : {};
  for (const { name, skip, run } of brokerContract(open, capabilities, { scale, ...missing })) {
    if (skip !== undefined) it.skip(`${name} (${skip.reason})`);
    else it(name, { timeout: 60_000 }, async () => void (await run()));
  }
});
