import { InvalidOptionError } from '../core/errors.ts';
import { BrokerUnavailableError } from '../broker/broker-errors.ts';
import type { RabbitMqConnection } from './amqp.ts';
import { codeOf, textOf } from './failures.ts';
import type { CheckedOptions } from './options.ts';

/** Connects to a server: of several URLs the next one, so that who fails does not fail again. */
export type Dial = (signal: AbortSignal) => Promise<RabbitMqConnection>;

/** How connections are made; `amqplib` is loaded only here: whoever brings a connection needs no second copy. */
export async function dialer({ urls, socket, connectTimeoutMs, name }: CheckedOptions): Promise<Dial> {
  const { default: amqplib } = await import('amqplib').catch((cause: unknown) => {
    throw new InvalidOptionError(
      "Expected the package 'amqplib' for connect, got none. Run 'npm install amqplib', or give a connection of it as client.",
      'INVALID_OPTION',
      { cause },
    );
  });
  let next = 0;
  return async (signal) => {
    const url = urls[next++ % urls.length]!;
    const options = {
      noDelay: true,
      keepAlive: true,
      clientProperties: { connection_name: name },
      ...socket,
      timeout: connectTimeoutMs,
      signal,
    };
    try {
      return await amqplib.connect(url, options);
    } catch (error) {
      throw unreachable(error, url);
    }
  };
}

/** Tries each URL once. */
export async function firstConnection(dial: Dial, { urls }: CheckedOptions): Promise<RabbitMqConnection> {
  const { signal } = new AbortController();
  for (let attempt = 1; ; attempt++) {
    try {
      return await dial(signal);
    } catch (error) {
      if (attempt >= urls.length) throw error;
    }
  }
}

function unreachable(error: unknown, url: string): BrokerUnavailableError {
  const { host, pathname } = new URL(url);
  // amqplib does not tell why a virtual host was not opened.
  const isRefused = /ACCESS.REFUSED|NOT.ALLOWED|ConnectionOpenOk/.test(textOf(error)) || codeOf(error) === 403;
  const remedy = isRefused
    ? 'See the user, the password and the virtual host in connect.url.'
    : 'See that the server is up, and connect.url.';
  return new BrokerUnavailableError(
    `Expected a connection to RabbitMQ at ${host}${pathname}, got: ${textOf(error)}. ${remedy}`,
    { cause: error },
  );
}
