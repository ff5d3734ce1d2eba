import { createServer } from 'node:net';
import { once } from 'node:events';
import { type Broker, BrokerUnavailableError, ClosedError, InvalidOptionError, TopologyError } from 'millrace';
import { type RabbitMqBrokerOptions, type RabbitMqConnectOptions, rabbitMqBroker } from 'millrace/rabbitmq';
import { afterEach, describe, expect, it } from 'vitest';
import { messageOf } from '../support/broker-messages.ts';
import { ownName, rabbitMqUrl, rawClient } from '../support/rabbitmq.ts';

const brokers: Broker[] = [];

afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.close();
});

async function open(options: Partial<RabbitMqConnectOptions> = {}): Promise<Broker> {
  const broker = await rabbitMqBroker({ connect: { url: rabbitMqUrl! }, prefix: `${ownName('bad')}.`, ...options });
  brokers.push(broker);
  return broker;
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => new Error('no error'),
    (error: Error) => error,
  );
}

describe('rabbitMqBroker() refuses', () => {
  it.each([
    [undefined, 'Expected either client, a connection of amqplib, or connect'],
    [{}, 'got neither'],
    [{ client: {}, connect: { url: 'amqp://localhost' } }, 'got both'],
    [{ client: {} }, 'Expected client to be what connect() of amqplib has resolved with'],
    [{ connect: { url: 'http://localhost' } }, "got one of 'http:'"],
    [{ connect: { url: 'amqp//user:secret@localhost' } }, 'got none'],
    [{ connect: { url: [] } }, 'Expected connect.url to be a URL or several, got an array'],
    [{ connect: { url: 'amqp://localhost', timeoutMs: 0 } }, 'Expected connect.timeoutMs to be milliseconds > 0'],
    [
      { connect: { url: 'amqp://localhost' }, exchange: { type: 'x-random' } },
      "Expected exchange.type to be one of 'topic'",
    ],
    [
      { connect: { url: 'amqp://localhost' }, exchange: { type: 'headers' } },
      'Expected exchange.match to be a function',
    ],
    [
      { connect: { url: 'amqp://localhost' }, exchange: { match: () => ({}) } },
      "Expected exchange.match only with type: 'headers'",
    ],
    [{ connect: { url: 'amqp://localhost' }, exchange: { name: '' } }, 'Expected exchange.name to be a text'],
    [
      { connect: { url: 'amqp://localhost' }, exchange: { name: 'ä'.repeat(128) } },
      'at most 255 bytes in UTF-8, as AMQP has it, got 256',
    ],
    [
      { connect: { url: 'amqp://localhost' }, inTurn: true, queue: { arguments: { 'x-queue-type': 'classic' } } },
      "to be 'quorum' with inTurn, got 'classic'",
    ],
    [{ connect: { url: 'amqp://localhost' }, prefix: 'amq.' }, "does not begin with 'amq.'"],
    [{ connect: { url: 'amqp://localhost' }, manage: 'no' }, 'Expected manage to be true or false'],
    [{ connect: { url: 'amqp://localhost' }, publishTimeoutMs: 0 }, 'Expected publishTimeoutMs to be milliseconds > 0'],
  ])('the options %j', async (options, text) => {
    const error = await failureOf(rabbitMqBroker(options as unknown as RabbitMqBrokerOptions));
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error.message).toContain(text);
    expect(error.message).not.toContain('secret');
  });

  it('a server that is not there, and says where it looked, without the password', async () => {
    const error = await failureOf(rabbitMqBroker({ connect: { url: 'amqp://user:secret@127.0.0.1:1/there' } }));
    expect(error).toBeInstanceOf(BrokerUnavailableError);
    expect(error.message).toMatch(
      /^Expected a connection to RabbitMQ at 127\.0\.0\.1:1\/there, got: .*ECONNREFUSED.*See that the server is up/,
    );
    expect(error.message).not.toContain('secret');
  });

  it('a server that does not answer, within the time', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const connect = { url: `amqp://127.0.0.1:${port}`, timeoutMs: 100 };
    const error = await failureOf(rabbitMqBroker({ connect }));
    server.close();
    expect(error).toBeInstanceOf(BrokerUnavailableError);
    expect(error.message).toContain('ETIMEDOUT');
  });
});

describe.skipIf(rabbitMqUrl === undefined)('a broker of RabbitMQ refuses', () => {
  it('a wrong password, and says so', async () => {
    const url = Object.assign(new URL(rabbitMqUrl!), { password: 'wrong' }).href;
    const error = await failureOf(rabbitMqBroker({ connect: { url } }));
    expect(error).toBeInstanceOf(BrokerUnavailableError);
    expect(error.message).toContain('ACCESS_REFUSED');
    expect(error.message).toContain('See the user, the password and the virtual host in connect.url.');
    expect(error.message).not.toContain('wrong');
  });

  it('a virtual host that is not there', async () => {
    const url = Object.assign(new URL(rabbitMqUrl!), { pathname: '/nowhere' }).href;
    const error = await failureOf(rabbitMqBroker({ connect: { url } }));
    expect(error).toBeInstanceOf(BrokerUnavailableError);
    expect(error.message).toContain('/nowhere');
    expect(error.message).toContain('the virtual host in connect.url.');
  });

  it('tries the next URL where one does not answer', async () => {
    const broker = await open({ connect: { url: ['amqp://127.0.0.1:1', rabbitMqUrl!] } });
    expect(broker.stats().state).toBe('connected');
  });

  it('an exchange that is missing, with manage: false', async () => {
    const broker = await open({ manage: false, exchange: { name: ownName('none') } });
    const publishing = await failureOf(broker.publish(messageOf('a')));
    expect(publishing).toBeInstanceOf(TopologyError);
    expect(publishing.message).toMatch(
      /^Expected the topic exchange 'none-.*NOT_FOUND.*let the broker make it with 'manage: true'/,
    );
    const subscription = broker.subscribe({ topics: 'orders', group: 'workers' });
    expect(await failureOf(subscription.ready)).toBeInstanceOf(TopologyError);
    const letters = broker.letterStore('letters');
    expect(await failureOf(letters.list())).toBeInstanceOf(TopologyError);
    expect(await failureOf(letters.check!())).toBeInstanceOf(TopologyError);
    // Each time anew: somebody may have made it meanwhile.
    expect(await failureOf(broker.publish(messageOf('b')))).toBeInstanceOf(TopologyError);
  });

  it('a queue that is missing, with manage: false, and ends its loops with the same error', async () => {
    const name = ownName('there');
    await using raw = await rawClient();
    await raw.channel.assertExchange(name, 'topic', { autoDelete: true });
    const broker = await open({ manage: false, exchange: { name } });
    const subscription = broker.subscribe({ topics: 'orders', group: 'workers' });
    const error = await failureOf(subscription.ready);
    expect(error).toBeInstanceOf(TopologyError);
    expect(error.message).toMatch(/the queue 'bad-.*\.workers'/);
    expect(await failureOf(subscription[Symbol.asyncIterator]().next())).toBe(error);
    await raw.channel.deleteExchange(name);
  });

  it('a queue that has other arguments', async () => {
    const prefix = `${ownName('bad')}.`;
    await using raw = await rawClient();
    await raw.channel.assertQueue(`${prefix}workers`, { arguments: { 'x-queue-type': 'classic' } });
    const broker = await open({ prefix });
    const error = await failureOf(broker.subscribe({ topics: 'orders', group: 'workers' }).ready);
    expect(error).toBeInstanceOf(TopologyError);
    expect(error.message).toMatch(/inequivalent arg 'x-queue-type'.*Delete what is there/);
  });

  it('an exchange of another type', async () => {
    const name = ownName('direct');
    await using raw = await rawClient();
    await raw.channel.assertExchange(name, 'direct');
    const broker = await open({ exchange: { name, type: 'topic' } });
    expect(await failureOf(broker.publish(messageOf('a')))).toBeInstanceOf(TopologyError);
    await raw.channel.deleteExchange(name);
  });

  it('other topics for a group that has some', async () => {
    const prefix = `${ownName('bad')}.`;
    const broker = await open({ prefix });
    const topics = ['orders', 'users.*'];
    await broker.subscribe({ topics, group: 'workers' }).ready;
    await broker.subscribe({ topics: topics.toReversed(), group: 'workers' }).ready;
    const error = await failureOf(broker.subscribe({ topics: 'payments', group: 'workers' }).ready);
    expect(error).toBeInstanceOf(TopologyError);
    const queue = `${prefix}workers`;
    expect(error.message).toBe(
      `Expected the queue '${queue}' to be bound to the topics 'payments', got one that is bound to 'orders users.*'. A group keeps its topics, and so does a handler's name on a bus: take another name, or delete the queue '${queue}', with what waits in it, and the exchange '${queue}.topics'.`,
    );
    // As it says.
    await using raw = await rawClient();
    await raw.channel.deleteQueue(queue);
    await raw.channel.deleteExchange(`${queue}.topics`);
    await broker.subscribe({ topics: 'payments', group: 'workers' }).ready;
  });

  it('other topics, whose list the server cuts short', async () => {
    const broker = await open();
    const topics = Array.from({ length: 30 }, (_, index) => `orders.of.country.${index}`);
    await broker.subscribe({ topics, group: 'workers' }).ready;
    const error = await failureOf(broker.subscribe({ topics: 'payments', group: 'workers' }).ready);
    expect(error).toBeInstanceOf(TopologyError);
    expect(error.message).toMatch(
      /got one that is bound to .*orders\.of\.country.*take another name, or delete the queue/,
    );
  });

  it.each([
    [{ topics: 'orders', group: 'two words' }, 'Expected group to be letters'],
    [{ topics: 'orders', group: 'g'.repeat(250) }, 'at most 255 bytes'],
    [{ topics: 'o'.repeat(256), group: 'workers' }, 'at most 255 bytes'],
    [{ topics: 'orders.#', group: 'workers' }, "Expected topics without the token '#'"],
    [{ topics: 'orders', group: 'workers', from: 'earliest' as const }, "the capability 'history'"],
    [{ topics: 'orders', group: 'workers', leaseMs: 1_000 }, "the capability 'lease'"],
  ])('the subscription %j', async (options, text) => {
    const broker = await open();
    expect(() => broker.subscribe(options)).toThrow(InvalidOptionError);
    expect(() => broker.subscribe(options)).toThrow(text);
  });

  it.each([
    [{ topic: 'o'.repeat(256) }, 'Expected message.topic to be at most 255 bytes'],
    [{ topic: 'ö'.repeat(128) }, 'got 256'],
    [{ headers: { ['n'.repeat(256)]: 'v' } }, 'Expected the name of a header'],
    [{ headers: { large: 'v'.repeat(60_001) } }, 'Expected message.headers to be at most 60000 bytes together'],
  ])('a message that AMQP cannot carry: %#', async (changes, text) => {
    const broker = await open();
    const error = await failureOf(broker.publish([messageOf('a'), messageOf('b', changes)]));
    expect(error).toBeInstanceOf(InvalidOptionError);
    expect(error.message).toContain(text);
    expect(broker.stats().publishing).toBe(0);
  });

  it('to publish within an outage that is longer than publishTimeoutMs, or when it is closed', async () => {
    await using raw = await rawClient();
    const broker = await rabbitMqBroker({ client: raw.connection });
    await raw.connection.close();
    expect(await failureOf(broker.publish(messageOf('a')))).toBeInstanceOf(BrokerUnavailableError);
    await broker.close();
    expect(await failureOf(broker.publish(messageOf('a')))).toBeInstanceOf(ClosedError);
  });
});
