import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { BrokerUnavailableError, InvalidOptionError, TopologyError } from 'millrace';
import { kafkaBroker, type KafkaBrokerOptions } from 'millrace/kafka';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kafkaUrl, openKafka, ownName, ownTopic, rawKafka } from '../support/kafka.ts';
import { openOwnServer, type OwnServer } from '../support/own-server.ts';

const body = new Uint8Array();

describe('options that cannot work', () => {
  it.each([
    [undefined, 'Expected either client'],
    [{}, 'Expected either client, an instance of Kafka of kafkajs, or connect'],
    [{ client: {} }, 'Expected client to be an instance of Kafka of kafkajs, got an object'],
    [{ client: rawKafka('localhost:1'), connect: { brokers: 'localhost:1' } }, 'got both'],
    [{ connect: {} }, `Expected connect.brokers to be 'host:port'`],
    [
      { connect: { brokers: [] } },
      `Expected connect.brokers to be 'host:port', such as 'localhost:9092', or several, got none.`,
    ],
    [{ connect: { brokers: 'kafka://localhost:9092' } }, `got 'kafka://localhost:9092'`],
    [{ connect: { brokers: 'localhost' } }, `got 'localhost'`],
    [{ connect: { brokers: 'localhost:1' }, prefix: 'a b' }, 'Expected prefix to be at most 100 letters'],
    [{ connect: { brokers: 'localhost:1' }, manage: 'yes' }, 'Expected manage to be true or false'],
    [
      { connect: { brokers: 'localhost:1' }, redelivery: 'later' },
      `Expected redelivery to be one of 'in-place', 'retry-topics'`,
    ],
    [{ connect: { brokers: 'localhost:1' }, transactional: { id: 'a b' } }, 'Expected transactional.id to be letters'],
    [
      { connect: { brokers: 'localhost:1' }, topics: { partitions: 0 } },
      'Expected topics.partitions to be a whole number ≥ 1',
    ],
    [{ connect: { brokers: 'localhost:1' }, topics: { config: { a: 1 } } }, `Expected topics.config['a'] to be a text`],
    [
      { connect: { brokers: 'localhost:1' }, heartbeatMs: 30_000 },
      'Expected heartbeatMs to be less than sessionTimeoutMs',
    ],
    [{ connect: { brokers: 'localhost:1' }, commitEveryMs: 0 }, 'Expected commitEveryMs to be milliseconds > 0'],
    [{ connect: { brokers: 'localhost:1' }, maxMessageBytes: 0 }, 'Expected maxMessageBytes to be a whole number ≥ 1'],
  ])('%j is refused', async (options, text) => {
    const opening = kafkaBroker(options as KafkaBrokerOptions);
    await expect(opening).rejects.toThrow(InvalidOptionError);
    await expect(opening).rejects.toThrow(text);
  });
});

describe('a server that is not there', () => {
  it('is said to be so, where nobody listens', async () => {
    const opening = kafkaBroker({ connect: { brokers: '127.0.0.1:1' } });
    await expect(opening).rejects.toThrow(BrokerUnavailableError);
    await expect(opening).rejects.toThrow('Expected a connection to Kafka at 127.0.0.1:1, got: ');
  });

  it('is said to be so in time, where somebody listens who says nothing', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const startedAt = performance.now();
    const opening = kafkaBroker({ connect: { brokers: `127.0.0.1:${port}` }, connectTimeoutMs: 300 });
    await expect(opening).rejects.toThrow(`Expected a connection to Kafka at 127.0.0.1:${port}`);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    silent.close();
  });
});

describe.skipIf(kafkaUrl === undefined)('what Kafka cannot have', () => {
  it('is refused, if it is a topic', async () => {
    await using broker = await openKafka();
    for (const topic of ['größe', 'a/b', 'x'.repeat(250)]) {
      await expect(broker.publish({ id: 'm', topic, body, headers: {} })).rejects.toThrow('as Kafka has it');
      expect(() => broker.subscribe({ topics: topic, group: 'g' })).toThrow('as Kafka has it');
    }
    expect(() => broker.subscribe({ topics: 'a', group: 'two words' })).toThrow(InvalidOptionError);
  });

  it('is refused, if it is too large: before anything is sent, or by the server, with what came with it sent', async () => {
    const topic = await ownTopic(1);
    await using broker = await openKafka();
    const message = (id: string, size: number) => ({ id, topic, body: new Uint8Array(size), headers: {} });
    await expect(broker.publish([message('small', 1), message('large', 1_048_576)])).rejects.toThrow(
      InvalidOptionError,
    );
    await using generous = await openKafka({ maxMessageBytes: 10_000_000 });
    const refused = generous.publish(message('large', 1_100_000));
    const beside = generous.publish([message('small', 1), message('other', 1)]);
    await expect(refused).rejects.toThrow(`Expected Kafka to take message 'large'`);
    expect(await beside).toHaveLength(2);
    // It goes on.
    expect(await generous.publish(message('next', 1))).toHaveLength(1);
  });

  it('is a capability that it has not', async () => {
    await using broker = await openKafka();
    expect(() => broker.subscribe({ topics: 'a', group: 'g', leaseMs: 5 })).toThrow(`the capability 'lease'`);
    const deadLetter = { topic: 'b', maxDeliveries: 2 };
    expect(() => broker.subscribe({ topics: 'a', group: 'g', deadLetter })).toThrow(`the capability 'deadLetters'`);
  });

  it('is a topic that is missing with manage: false, said soon, and by its name', async () => {
    const topic = ownName('missing');
    await using broker = await openKafka({ manage: false });
    const startedAt = performance.now();
    await expect(broker.publish({ id: 'm', topic, body, headers: {} })).rejects.toThrow(TopologyError);
    const subscription = broker.subscribe({ topics: topic, group: ownName('group') });
    await expect(subscription.ready).rejects.toThrow(
      `Expected topic '${topic}' to be on the server, got none of that name.`,
    );
    await expect(subscription[Symbol.asyncIterator]().next()).rejects.toThrow(TopologyError);
    const letters = broker.letterStore(ownName('letters'));
    await expect(letters.list()).rejects.toThrow(`Expected topic '_millrace.letters.`);
    await expect(letters.check?.()).rejects.toThrow(`Expected topic '_millrace.letters.`);
    await expect(letters.add({ id: 'm', topic: 'a', body, headers: {} })).rejects.toThrow(TopologyError);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('makes topics as it is told', async () => {
    await using broker = await openKafka({ topics: { partitions: 3, replicationFactor: 5 } });
    const publishing = broker.publish({ id: 'm', topic: ownName('many'), body, headers: {} });
    await expect(publishing).rejects.toThrow('See topics.replicationFactor: it cannot be more than there are servers.');
  });
});

describe.skipIf(kafkaUrl === undefined)('a server that asks who is there', () => {
  const port = randomInt(20_000, 30_000);
  let server: OwnServer | undefined;

  beforeAll(async () => {
    server = await openOwnServer('kafka', {
      KAFKA_PROXIED_PORT: String(port),
      KAFKA_ADVERTISE: String(port),
      KAFKA_CONF: [
        'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:SASL_PLAINTEXT',
        'sasl.enabled.mechanisms=PLAIN',
        'listener.name.proxied.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_app="secret";',
      ].join('\n'),
    });
  }, 60_000);

  afterAll(async () => server?.[Symbol.asyncDispose]());

  const connect = (password: string) => ({
    brokers: `127.0.0.1:${port}`,
    sasl: { mechanism: 'plain', username: 'app', password },
  });

  it('is told the wrong password: the error says so, and not the password', async () => {
    const opening = kafkaBroker({ connect: connect('wrong-password') });
    await expect(opening).rejects.toThrow(BrokerUnavailableError);
    await expect(opening).rejects.toThrow('See connect.sasl.');
    await expect(opening).rejects.not.toThrow('wrong-password');
  });

  it('is told the right one', async () => {
    await using broker = await kafkaBroker({ connect: connect('secret') });
    expect(await broker.publish({ id: 'm', topic: 'a', body, headers: {} })).toHaveLength(1);
  });
});
