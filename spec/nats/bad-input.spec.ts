import { BrokerUnavailableError, InvalidOptionError, TopologyError } from 'millrace';
import { jetStreamBroker, natsBroker } from 'millrace/nats';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { messageOf } from '../support/broker-messages.ts';
import { natsUrl, ownName } from '../support/nats.ts';
import { openOwnServer } from '../support/own-server.ts';

const makers = [
  { maker: 'natsBroker', open: natsBroker },
  { maker: 'jetStreamBroker', open: jetStreamBroker },
] as const;

describe.each(makers)('$maker()', ({ open }) => {
  it.each([
    { options: {}, text: 'got neither' },
    { options: { client: {}, connect: {} }, text: 'got both' },
    { options: { client: {} }, text: 'Expected client to be what connect() of @nats-io/transport-node' },
    { options: { connect: { servers: [''] } }, text: 'Expected connect.servers' },
    { options: { connect: { pingInterval: 0 } }, text: 'Expected connect.pingInterval' },
    { options: { connect: {}, connectTimeoutMs: 0 }, text: 'Expected connectTimeoutMs' },
    { options: { connect: {}, publishTimeoutMs: -1 }, text: 'Expected publishTimeoutMs' },
    { options: { connect: {}, inboxPrefix: 'a b' }, text: 'Expected inboxPrefix' },
    { options: { connect: {}, subjectPrefix: 'events' }, text: "such as 'events.', got 'events'" },
    { options: { connect: {}, name: '' }, text: 'Expected name' },
  ])('refuses $options', async ({ options, text }) => {
    const opening = open(options as never);
    await expect(opening).rejects.toThrow(InvalidOptionError);
    await expect(opening).rejects.toThrow(text);
  });

  it('says where it has found no server, and not the password', async () => {
    const opening = open({ connect: { servers: 'nats://ada:secret@127.0.0.1:1' } });
    await expect(opening).rejects.toThrow(BrokerUnavailableError);
    await expect(opening).rejects.toThrow(
      /Expected a connection to NATS at nats:\/\/127\.0\.0\.1:1, got: .+connect\.servers/,
    );
  });

  it('gives up a server that says nothing', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const opening = open({ connect: { servers: `nats://127.0.0.1:${port}` }, connectTimeoutMs: 100 });
    await expect(opening).rejects.toThrow(BrokerUnavailableError);
    silent.close();
  });
});

describe.skipIf(natsUrl === undefined)('a broker of NATS', () => {
  const servers = natsUrl!;

  it('refuses a letter store whose stream would have too long a name, and has one with the longest', async () => {
    const [name, prefix] = [ownName('long'), 'p'.repeat(40)];
    await using broker = await jetStreamBroker({ connect: { servers }, stream: { name }, subjectPrefix: `${prefix}.` });
    const room = 255 - `millrace-letters-@${name}@${prefix}`.length;
    expect(() => broker.letterStore('g'.repeat(room + 1))).toThrow(InvalidOptionError);
    expect(() => broker.letterStore('g'.repeat(room + 1))).toThrow(
      'Choose a shorter group, stream.name or subjectPrefix',
    );
    const letters = broker.letterStore('g'.repeat(room));
    await letters.add(messageOf('a'));
    expect(await letters.list()).toHaveLength(1);
  });

  it.each(makers)('of $maker() says that its user is refused', async ({ open }) => {
    await using server = await openOwnServer('nats', {
      NATS_CONF: 'authorization { user: ada, password: lovelace }',
    });
    const opening = open({ connect: { servers: server!.url, user: 'ada', pass: 'byron' } });
    await expect(opening).rejects.toThrow(BrokerUnavailableError);
    await expect(opening).rejects.toThrow('See user, pass, token or authenticator in connect.');
    await using broker = await open({ connect: { servers: server!.url, user: 'ada', pass: 'lovelace' } });
    expect(broker.stats().state).toBe('connected');
  });

  it.each(makers)(
    'of $maker() refuses a message larger than the server takes, names the limit, and sends nothing of the call',
    async ({ open }) => {
      await using broker = await open({
        connect: { servers },
        stream: { name: ownName('large') },
        subjectPrefix: `${ownName('large')}.`,
      });
      const subscription = broker.subscribe({ topics: 'orders', group: 'all' });
      await subscription.ready;
      const publish = broker.publish([messageOf('a'), messageOf('b', { body: new Uint8Array(1_048_576) })]);
      await expect(publish).rejects.toThrow(InvalidOptionError);
      await expect(publish).rejects.toThrow(/at most 1048576 bytes, the server's max_payload, got 10486\d\d/);
      await broker.publish(messageOf('c'));
      for await (const { message } of subscription) {
        expect(message.id).toBe('c');
        break;
      }
    },
  );

  it('refuses topics that NATS has for itself, and those that it cannot read', async () => {
    await using broker = await natsBroker({ connect: { servers } });
    for (const topic of ['$JS.API.INFO', '_INBOX.x', 'a'.repeat(1_025)]) {
      await expect(broker.publish(messageOf('a', { topic }))).rejects.toThrow(InvalidOptionError);
      expect(() => broker.subscribe({ topics: topic, group: 'g' })).toThrow(InvalidOptionError);
    }
  });

  it('refuses what core NATS has not', async () => {
    await using broker = await natsBroker({ connect: { servers } });
    expect(() => broker.letterStore('dead')).toThrow("the capability 'letterStores'");
    expect(() => broker.subscribe({ topics: 'a', group: 'g', from: 'earliest' })).toThrow("the capability 'history'");
    expect(() => broker.subscribe({ topics: 'a', group: 'a group' })).toThrow('Expected group to be letters');
  });
});

describe('jetStreamBroker() without a stream to make', () => {
  it.each([
    { options: { stream: { name: 'a.b' } }, text: 'Expected stream.name' },
    { options: { subjectPrefix: '' }, text: 'Expected stream.subjects' },
    { options: { stream: { subjects: [] } }, text: 'Expected stream.subjects' },
    { options: { stream: { subjects: ['a b'] } }, text: 'Expected stream.subjects' },
    { options: { ackWaitMs: 0 }, text: 'Expected ackWaitMs' },
    { options: { manage: 'no' }, text: 'Expected manage to be true or false' },
    { options: { apiPrefix: 'a.' }, text: 'Expected apiPrefix' },
  ])('refuses $options', async ({ options, text }) => {
    const opening = jetStreamBroker({ connect: {}, ...options } as never);
    await expect(opening).rejects.toThrow(InvalidOptionError);
    await expect(opening).rejects.toThrow(text);
  });
});

describe.skipIf(natsUrl === undefined)('the topology of jetStreamBroker()', () => {
  const servers = natsUrl!;

  it('is only looked for with manage: false, and what is missing is named', async () => {
    const stream = { name: ownName('missing') };
    await using broker = await jetStreamBroker({
      connect: { servers },
      stream,
      subjectPrefix: `${stream.name}.`,
      manage: false,
    });
    const letters = broker.letterStore(ownName('letters'));
    const missing = `Expected stream '${stream.name}', got none on the server.`;
    await expect(broker.publish(messageOf('a'))).rejects.toThrow(missing);
    await expect(broker.subscribe({ topics: 'a', group: 'g' }).ready).rejects.toThrow(missing);
    await expect(letters.list()).rejects.toThrow(TopologyError);
    await expect(letters.add(messageOf('a'))).rejects.toThrow(TopologyError);
    await expect(letters.check?.()).rejects.toThrow(TopologyError);
    // As soon as it is there, it is used.
    await using owner = await jetStreamBroker({ connect: { servers }, stream, subjectPrefix: `${stream.name}.` });
    await owner.publish(messageOf('b'));
    await broker.publish(messageOf('a'));
    const group = broker.subscribe({ topics: 'orders', group: 'g' });
    await expect(group.ready).rejects.toThrow(`Expected consumer 'g' in stream '${stream.name}', got none`);
    await expect(group[Symbol.asyncIterator]().next()).rejects.toThrow(TopologyError);
  });

  it('keeps the topics of a group', async () => {
    const stream = { name: ownName('topics') };
    await using broker = await jetStreamBroker({ connect: { servers }, stream, subjectPrefix: `${stream.name}.` });
    await broker.subscribe({ topics: ['a.x', 'a.y'], group: 'both' }).ready;
    await broker.subscribe({ topics: ['a.y', 'a.x'], group: 'both' }).ready;
    for (const topics of ['a.x', ['a.x', 'a.z'], 'a.>']) {
      const other = broker.subscribe({ topics, group: 'both' });
      await expect(other.ready).rejects.toThrow(TopologyError);
      await expect(other.ready).rejects.toThrow('A group keeps its topics');
    }
    const ephemeral = broker.subscribe({ topics: ['a.x', 'a.y'], group: 'both', isEphemeral: true });
    await expect(ephemeral.ready).rejects.toThrow('to be ephemeral, got one that is durable');
  });

  it('says that a stream keeps other subjects', async () => {
    const stream = { name: ownName('other') };
    await using owner = await jetStreamBroker({ connect: { servers }, stream, subjectPrefix: `${stream.name}.` });
    await owner.publish(messageOf('a'));
    await using broker = await jetStreamBroker({ connect: { servers }, stream, subjectPrefix: 'elsewhere.' });
    await expect(broker.publish(messageOf('a'))).rejects.toThrow(
      `to keep 'elsewhere.orders', got one that keeps '${stream.name}.>'`,
    );
    await expect(broker.subscribe({ topics: 'orders', group: 'g' }).ready).rejects.toThrow(TopologyError);
  });

  it('says that a stream cannot be made on subjects of another', async () => {
    const subjectPrefix = `${ownName('taken')}.`;
    await using owner = await jetStreamBroker({
      connect: { servers },
      stream: { name: ownName('one') },
      subjectPrefix,
    });
    await owner.publish(messageOf('a'));
    await using broker = await jetStreamBroker({
      connect: { servers },
      stream: { name: ownName('two') },
      subjectPrefix,
    });
    await expect(broker.publish(messageOf('a'))).rejects.toThrow(/to make stream .* got: subjects overlap/);
  });

  it('refuses a lease that a group has not, unless it may change it', async () => {
    const stream = { name: ownName('lease') };
    const common = { connect: { servers }, stream, subjectPrefix: `${stream.name}.` };
    await using owner = await jetStreamBroker(common);
    await owner.subscribe({ topics: 'a', group: 'g', leaseMs: 5_000 }).ready;
    await using broker = await jetStreamBroker({ ...common, manage: false });
    await broker.subscribe({ topics: 'a', group: 'g', leaseMs: 5_000 }).ready;
    await broker.subscribe({ topics: 'a', group: 'g' }).ready;
    await expect(broker.subscribe({ topics: 'a', group: 'g', leaseMs: 6_000 }).ready).rejects.toThrow(
      'ack_wait 6000 ms, got 5000 ms',
    );
    await owner.subscribe({ topics: 'a', group: 'g', leaseMs: 6_000 }).ready;
    await broker.subscribe({ topics: 'a', group: 'g', leaseMs: 6_000 }).ready;
  });
});

describe.skipIf(natsUrl === undefined)('jetStreamBroker() on a server without JetStream', () => {
  it('says so', async () => {
    const opening = jetStreamBroker({
      connect: { servers: natsUrl! },
      apiPrefix: '$JS.nowhere.API',
      connectTimeoutMs: 300,
    });
    await expect(opening).rejects.toThrow(BrokerUnavailableError);
    await expect(opening).rejects.toThrow('Expected JetStream on the server');
  });
});
