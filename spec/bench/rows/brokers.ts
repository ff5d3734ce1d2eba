import type { Broker } from 'millrace';
import type { OpenRawTraffic, Sending, Traffic } from '../contestants/brokers/traffic.ts';
import { type Floor, valueAtMost } from '../harness/floor.ts';
import type { Contestant, Entrant, Row } from '../harness/row.ts';
import { serverUrl, type ServerName } from '../harness/server.ts';
import { TRAFFIC_METRICS, trafficEntrant } from '../harness/traffic-entrant.ts';
import { WAITING_METRICS, waitingEntrant } from '../harness/waiting-entrant.ts';

/** A broker with a row for its traffic and one for what waits in it. */
interface BrokerUnderTest {
  readonly name: string;
  readonly title: string;
  readonly needs: ServerName;
  /** The package of the raw client. */
  readonly client: string;
  /** How many messages it has in a round, if it is slow. @default as many as ours */
  readonly rawEvents?: number;
  /** How many they all have when less is measured. @default a tenth of ours */
  readonly quickEvents?: number;
  readonly openRaw: OpenRawTraffic;
  readonly openBroker: (url: string) => Promise<Broker>;
  readonly sending: Sending;
  /** Whether groups read the same messages. */
  readonly keepsLog: boolean;
  readonly notes: readonly string[];
  /** More of those that are compared. */
  readonly others?: readonly { readonly name: string; readonly open: (url: string) => Promise<Traffic> }[];
}

const EVENTS = 100_000;
const WAITING = 50_000;
const ADAPTER = 'the adapter alone';

const BROKERS: readonly BrokerUnderTest[] = [
  {
    name: 'jetstream',
    title: 'JetStream, a stream in files',
    needs: 'nats',
    client: '@nats-io/jetstream',
    rawEvents: EVENTS / 4,
    openRaw: async (...args) => (await import('../contestants/brokers/raw-jetstream.ts')).openTraffic(...args),
    openBroker: async (servers) => (await import('millrace/nats')).jetStreamBroker({ connect: { servers } }),
    sending: 'window',
    keepsLog: true,
    notes: [
      '512 publishes and deliveries in flight. `@nats-io/jetstream` alone awaits the confirmation of each acknowledgement (`ackAck`), as ours does.',
      'Not equal, for comparison: “unsure” sends acknowledgements that may be lost.',
    ],
    others: [
      {
        name: 'unsure',
        open: async (url) => (await import('../contestants/brokers/raw-jetstream.ts')).openUnsure(url, 'bare'),
      },
    ],
  },
  {
    name: 'kafka',
    title: 'Kafka, 4 partitions',
    needs: 'kafka',
    client: 'kafkajs',
    openRaw: async (...args) => (await import('../contestants/brokers/raw-kafka.ts')).openTraffic(...args),
    openBroker: async (brokers) =>
      (await import('millrace/kafka')).kafkaBroker({ connect: { brokers }, topics: { partitions: 4 } }),
    sending: 'batches',
    keepsLog: true,
    // A tenth is one fetch: all of it would be read and decoded before the first is handled, and only what comes then would be measured.
    quickEvents: EVENTS,
    notes: [
      'Batches of 500, one after the other; idempotent producers, acks of all. `kafkajs` alone commits after each batch that it has read, and has up to a megabyte a partition in hand; ours has 512 messages, and commits every 200 ms.',
    ],
  },
  {
    name: 'rabbitmq',
    title: 'RabbitMQ, quorum queues',
    needs: 'rabbitmq',
    client: 'amqplib',
    openRaw: async (...args) => (await import('../contestants/brokers/raw-rabbitmq.ts')).openTraffic(...args),
    openBroker: async (url) => (await import('millrace/rabbitmq')).rabbitMqBroker({ connect: { url } }),
    sending: 'window',
    keepsLog: false,
    notes: [
      '512 publishes and deliveries in flight. `amqplib` alone acknowledges one by one; ours sends all acknowledgements of a turn of the event loop as one, where they are contiguous.',
    ],
  },
];

/** Each client by hand against ours. */
export const brokerRows: readonly Row[] = BROKERS.flatMap((broker) => [
  trafficRow(broker),
  waitingRow(broker, 'waiting', WAITING),
]);

/** With a million messages, which take a minute to be published. */
export const largeBrokerRows: readonly Row[] = BROKERS.map((broker) => waitingRow(broker, 'waiting-1M', 1_000_000));

function trafficRow(broker: BrokerUnderTest): Row {
  const { name, title, needs, client, rawEvents = EVENTS, openRaw, keepsLog, notes, others = [] } = broker;
  const { quickEvents = EVENTS / 10 } = broker;
  const events = `${client}, CloudEvents`;
  const contestant = (
    known: string,
    open: (url: string) => Promise<Traffic>,
    count: number = rawEvents,
  ): Contestant => ({
    name: known,
    events: count,
    load: async () => trafficEntrant(await open(serverUrl(needs)), keepsLog),
  });
  return {
    name: `brokers-${name}`,
    title: `${title}: messages of 200 bytes, published and confirmed, handled and acknowledged`,
    metrics: TRAFFIC_METRICS,
    reference: client,
    needs,
    contestants: [
      contestant(client, (url) => openRaw(url, 'bare')),
      ...others.map((other) => contestant(other.name, other.open)),
      contestant(ADAPTER, () => openPort(broker), EVENTS),
      contestant(events, (url) => openRaw(url, 'cloud-event')),
      contestant('millrace', () => openBus(broker), EVENTS),
    ],
    floors: TRAFFIC_METRICS.flatMap(({ name: metric }) => [
      speedOf(ADAPTER, client, metric),
      speedOf('millrace', events, metric),
    ]),
    generations: 1,
    rounds: 5,
    warmupEvents: EVENTS / 10,
    quickEvents,
    notes: [
      ...notes,
      'Bodies are 200 bytes of JSON, which all write and parse. The adapter alone sends what the client alone does, with an id. “CloudEvents”: the client alone, with the five headers of an event, written and read by hand, as a bus has them; that is what `millrace`, a bus, is held to.',
      'Publishing: until all is confirmed. Consuming: from the first that is handled until all are acknowledged, by a handler that is done within its turn, or by 64 at a time that each wait for the next turn of the event loop. All count what they handled, and deliveries in flight are never more than 512.',
    ],
  };
}

function waitingRow(broker: BrokerUnderTest, kind: string, events: number): Row {
  return {
    name: `brokers-${broker.name}-${kind}`,
    title: `${broker.title}: a slow handler, and ${events.toLocaleString('en-US')} messages that wait in the broker`,
    metrics: WAITING_METRICS,
    needs: broker.needs,
    contestants: [
      { name: 'millrace', events, load: async (): Promise<Entrant> => waitingEntrant(await openBus(broker)) },
    ],
    floors: [valueAtMost('heapGrowthMB', 20, 'heap growth < 20 MB')],
    generations: 1,
    rounds: 1,
    warmups: 0,
    patienceMs: 60_000 + events,
    notes: [
      'The heap, and what is outside of it (buffers), after a garbage collection: before it consumes, and then every 250 ms for 5 s; the most counts. Concurrency 16, 10 ms each. A floor of our own.',
    ],
  };
}

async function openPort({ openBroker, needs, sending }: BrokerUnderTest): Promise<Traffic> {
  const { portTraffic } = await import('../contestants/brokers/port.ts');
  return portTraffic(await openBroker(serverUrl(needs)), sending);
}

async function openBus({ openBroker, needs, sending }: BrokerUnderTest): Promise<Traffic> {
  const { busTraffic } = await import('../contestants/brokers/bus.ts');
  return busTraffic(await openBroker(serverUrl(needs)), sending);
}

function speedOf(ours: string, client: string, metric: string): Floor {
  return {
    claim: `${ours}: ≥ 0.7 × as fast as ${client} (${metric})`,
    value: (medians) => medians.of(client, metric) / medians.of(ours, metric),
    bound: 'at-least',
    limit: 0.7,
  };
}
