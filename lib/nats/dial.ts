import { BrokerUnavailableError } from '../broker/broker-errors.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { textOf } from './failures.ts';
import type { NatsClient } from './nats-client.ts';
import type { CheckedNatsOptions } from './options.ts';

/** Connects once. `@nats-io/transport-node` is loaded only here: whoever brings a connection needs no second copy. */
export async function dial({ connect, connectTimeoutMs, inboxPrefix, name }: CheckedNatsOptions): Promise<NatsClient> {
  const nats = await import('@nats-io/transport-node').catch((cause: unknown) => {
    throw new InvalidOptionError(
      "Expected the package '@nats-io/transport-node' for connect, got none. Run 'npm install @nats-io/transport-node', or give a connection of it as client.",
      'INVALID_OPTION',
      { cause },
    );
  });
  const options = {
    name,
    inboxPrefix,
    timeout: connectTimeoutMs,
    // The client's own two minutes would leave a connection that is half open unnoticed for long.
    pingInterval: 10_000,
    reconnectTimeWait: 250,
    // Passwords may be changed on the server before they are here.
    ignoreAuthErrorAbort: true,
    ...connect,
    maxReconnectAttempts: -1,
    // A first connection that fails is said at once.
    waitOnFirstConnect: false,
    servers: [connect.servers ?? 'nats://127.0.0.1:4222'].flat(),
  };
  try {
    return await nats.connect(options);
  } catch (error) {
    throw unreachable(error, options.servers);
  }
}

function unreachable(error: unknown, servers: readonly string[]): BrokerUnavailableError {
  const remedy = /authori[sz]ation|authentication/iu.test(textOf(error))
    ? 'See user, pass, token or authenticator in connect.'
    : 'See that the server is up, and connect.servers.';
  return new BrokerUnavailableError(
    `Expected a connection to NATS at ${servers.map(textOf).join(', ')}, got: ${textOf(error)}. ${remedy}`,
    { cause: error },
  );
}
