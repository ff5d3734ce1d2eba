import {
  type Broker,
  type BrokerCapabilities,
  type BrokerDelivery,
  type BrokerMessage,
  type BrokerSubscription,
  type CapabilityName,
  memoryBroker,
  memoryBrokerStore,
  type MemoryBrokerStats,
  type PublishReceipt,
} from 'millrace';
import {
  brokerContract,
  type ContractCase,
  type ContractReport,
  recordingBroker,
  type RecordingBroker,
} from 'millrace/testing';
import { describe, expectTypeOf, it } from 'vitest';

const body = new Uint8Array();
const message: BrokerMessage = { id: 'e1', topic: 'orders', body, headers: {} };

describe('a message of a broker', () => {
  it('is bytes with headers, which nobody changes', () => {
    expectTypeOf(message.body).toEqualTypeOf<Uint8Array>();
    expectTypeOf(message.headers).toEqualTypeOf<Readonly<Record<string, string>>>();
    // @ts-expect-error it is what was published
    message.topic = 'users';
    // @ts-expect-error so are its headers
    message.headers['tenant'] = 'acme';
  });

  it('needs an id, a topic, a body and headers', () => {
    // @ts-expect-error whoever publishes it again needs its id
    expectTypeOf({ topic: 'orders', body, headers: {} }).toExtend<BrokerMessage>();
    // @ts-expect-error text has many encodings
    const text: BrokerMessage = { ...message, body: 'text' };
    // @ts-expect-error headers are texts
    const counted: BrokerMessage = { ...message, headers: { count: 5 } };
    // @ts-expect-error a key is there or not
    const unkeyed: BrokerMessage = { ...message, key: undefined };
    expectTypeOf([text, counted, unkeyed]).not.toBeNever();
  });
});

describe('a broker', () => {
  const broker = memoryBroker({ capacity: 5, overflow: 'fail', order: 'total' });

  it('is made with options, or for a store', () => {
    expectTypeOf(broker).toEqualTypeOf<Broker>();
    expectTypeOf(memoryBroker({ store: memoryBrokerStore({ historySize: 0 }) })).toEqualTypeOf<Broker>();
    expectTypeOf(memoryBrokerStore().stats()).toEqualTypeOf<MemoryBrokerStats>();
    // @ts-expect-error no such overflow
    memoryBroker({ overflow: 'drop-newest' });
    // @ts-expect-error no such option
    memoryBroker({ retention: 5 });
  });

  it('publishes one or several, and answers with a receipt each', () => {
    expectTypeOf(broker.publish(message)).toEqualTypeOf<Promise<readonly PublishReceipt[]>>();
    expectTypeOf(broker.publish([message, message], { signal: AbortSignal.timeout(5) })).toEqualTypeOf<
      Promise<readonly PublishReceipt[]>
    >();
    // @ts-expect-error no such option
    void broker.publish(message, { timeoutMs: 5 });
  });

  it('is subscribed to by a group', () => {
    const subscription = broker.subscribe({
      topics: ['orders.*', 'users.>'],
      group: 'mail',
      consumer: 'mail-1',
      maxInFlight: 8,
      from: { time: 0 },
      leaseMs: 30_000,
      deadLetter: { topic: 'dead', maxDeliveries: 5 },
    });
    expectTypeOf(subscription).toEqualTypeOf<BrokerSubscription>();
    expectTypeOf(subscription.ready).toEqualTypeOf<Promise<void>>();
    expectTypeOf(subscription).toExtend<AsyncIterable<BrokerDelivery> & AsyncDisposable>();
    // @ts-expect-error whose progress would it be?
    broker.subscribe({ topics: 'orders' });
    // @ts-expect-error a beginning is one or the other
    broker.subscribe({ topics: 'orders', group: 'g', from: 'latest' });
    // @ts-expect-error when would it be given up?
    broker.subscribe({ topics: 'orders', group: 'g', deadLetter: { topic: 'dead' } });
  });

  it('gives deliveries that are settled', async () => {
    for await (const delivery of broker.subscribe({ topics: 'orders', group: 'g' })) {
      expectTypeOf(delivery).toEqualTypeOf<BrokerDelivery>();
      expectTypeOf(delivery.deliveryCount).toEqualTypeOf<number>();
      expectTypeOf(delivery.sequence).toEqualTypeOf<number | undefined>();
      expectTypeOf(delivery.signal).toEqualTypeOf<AbortSignal>();
      expectTypeOf(delivery.ack()).toEqualTypeOf<Promise<void>>();
      expectTypeOf(delivery.nack({ delayMs: 5 })).toEqualTypeOf<Promise<void>>();
      expectTypeOf(delivery.extend()).toEqualTypeOf<Promise<void>>();
      // @ts-expect-error a delay has a unit
      void delivery.nack({ delay: 5 });
    }
  });

  it('can be disposed of', () => {
    expectTypeOf(broker).toExtend<AsyncDisposable>();
    expectTypeOf(broker.close()).toEqualTypeOf<Promise<void>>();
    // @ts-expect-error closing takes time
    expectTypeOf(broker).toExtend<Disposable>();
  });

  it('declares a closed set of capabilities', () => {
    expectTypeOf(broker.capabilities).toEqualTypeOf<BrokerCapabilities>();
    expectTypeOf<CapabilityName>().toExtend<string>();
    expectTypeOf<BrokerCapabilities['order']>().toEqualTypeOf<'key' | 'none' | 'total'>();
    expectTypeOf<BrokerCapabilities['lease']>().toEqualTypeOf<'extendable' | 'fixed' | 'none'>();
    // @ts-expect-error they are what they are
    broker.capabilities.order = 'total';
  });
});

describe('the contract of brokers', () => {
  it('takes brokers that open now or later, and some claims', () => {
    expectTypeOf(brokerContract(memoryBroker, {})).toEqualTypeOf<readonly ContractCase[]>();
    brokerContract(async () => memoryBroker(), { order: 'key', history: true }, { scale: 1 });
    // @ts-expect-error no such capability
    brokerContract(memoryBroker, { exactlyOnce: true });
    // @ts-expect-error no such level
    brokerContract(memoryBroker, { order: 'global' });
    // @ts-expect-error no such option
    brokerContract(memoryBroker, {}, { size: 1 });
  });

  it('gives cases that any runner can run', () => {
    const [first] = brokerContract(memoryBroker, {});
    expectTypeOf(first!.run).toEqualTypeOf<() => Promise<ContractReport>>();
    expectTypeOf(first!.needs).toEqualTypeOf<Partial<BrokerCapabilities>>();
    expectTypeOf(first!.skip?.kind).toEqualTypeOf<'capability' | 'environment' | undefined>();
  });
});

describe('a recording broker', () => {
  it('is a broker that remembers', () => {
    const recorder = recordingBroker({ publishing: 'x ok@20ms', broker: memoryBroker() });
    expectTypeOf(recorder).toEqualTypeOf<RecordingBroker>();
    expectTypeOf(recorder).toExtend<Broker>();
    expectTypeOf(recorder.published).toEqualTypeOf<readonly BrokerMessage[]>();
    expectTypeOf(recorder.acked[0]!.deliveryCount).toEqualTypeOf<number>();
    // @ts-expect-error what was published is a fact
    recorder.published.push(message);
  });
});
