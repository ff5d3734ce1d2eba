import {
  type Broker,
  type BrokerCapabilities,
  type BrokerDelivery,
  type BrokerLetterStore,
  type BrokerState,
  type BrokerStats,
  type BrokerSubscription,
  ClosedError,
  memoryBroker,
  type MemoryBrokerStore,
  memoryBrokerStore,
  type SubscribeOptions,
} from 'millrace';
import { BehaviorSubject, type SchedulerLike } from 'rxjs';

/** What a server loses when it restarts. */
export type Loss = 'everything' | 'nothing' | 'progress';

/** A memory broker that can be restarted: its clients lose their connections, and connect again. */
export class RestartableServer {
  readonly clients = new Set<Client>();
  readonly scheduler: SchedulerLike;
  readonly #loss: Loss;
  store: MemoryBrokerStore;
  isUp = true;
  restarts = 0;
  /** Connections that there have ever been. */
  dialled = 0;

  constructor(scheduler: SchedulerLike, loss: Loss = 'nothing') {
    this.scheduler = scheduler;
    this.#loss = loss;
    this.store = memoryBrokerStore({ scheduler });
  }

  readonly open = (): Broker => {
    const client = new Client(this);
    this.clients.add(client);
    return client;
  };

  /** Down for 50 ms. */
  readonly restart = async (): Promise<void> => {
    await this.stop();
    await new Promise<void>((resolve) => {
      this.scheduler.schedule(() => resolve(), 50);
    });
    this.start();
  };

  async stop(): Promise<void> {
    this.isUp = false;
    await Promise.all(Array.from(this.clients, (client) => client.disconnect()));
  }

  start(): void {
    if (this.isUp) return;
    if (this.#loss === 'everything') this.store = memoryBrokerStore({ scheduler: this.scheduler });
    this.isUp = true;
    this.restarts++;
    for (const client of this.clients) client.connect();
  }

  /** Where progress is lost, groups are new after a restart, and are given all again. */
  survivor(options: SubscribeOptions): SubscribeOptions {
    if (this.#loss !== 'progress' || this.restarts === 0) return options;
    return { ...options, group: `${options.group}-${this.restarts}`, from: 'earliest' };
  }
}

class Client implements Broker {
  readonly name = 'restartable';
  readonly capabilities: BrokerCapabilities;
  readonly states = new BehaviorSubject<BrokerState>('connected');
  readonly #server: RestartableServer;
  readonly #subscriptions = new Set<Reconnecting>();
  #connection: Broker;
  #reconnects = 0;
  #isClosed = false;

  constructor(server: RestartableServer) {
    this.#server = server;
    this.#connection = memoryBroker({ store: server.store });
    server.dialled++;
    this.capabilities = { ...this.#connection.capabilities, restart: true };
  }

  publish(...parameters: Parameters<Broker['publish']>): ReturnType<Broker['publish']> {
    if (!this.#server.isUp && !this.#isClosed) return Promise.reject(new Error('No connection.'));
    return this.#connection.publish(...parameters);
  }

  subscribe(options: SubscribeOptions): BrokerSubscription {
    if (this.#isClosed) throw new ClosedError('the broker');
    const subscription = new Reconnecting(() => this.#connection.subscribe(this.#server.survivor(options)));
    subscription.connect();
    this.#subscriptions.add(subscription);
    return subscription;
  }

  letterStore(name: string): BrokerLetterStore {
    const current = (): BrokerLetterStore => {
      // Not a ClosedError, which would say that it never comes back.
      if (!this.#server.isUp && !this.#isClosed) throw new Error('No connection.');
      return this.#connection.letterStore(name);
    };
    this.#connection.letterStore(name);
    return {
      add: async (letter) => current().add(letter),
      remove: async (id) => current().remove(id),
      list: async () => current().list(),
    };
  }

  stats(): BrokerStats {
    return { ...this.#connection.stats(), state: this.states.value, reconnects: this.#reconnects };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.states.next('closed');
    this.states.complete();
    this.#server.clients.delete(this);
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    await this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  disconnect(): Promise<void> {
    this.states.next('reconnecting');
    return this.#connection.close();
  }

  connect(): void {
    this.#reconnects++;
    this.#server.dialled++;
    this.states.next('connected');
    this.#connection = memoryBroker({ store: this.#server.store });
    for (const subscription of this.#subscriptions) subscription.connect();
  }
}

/** A subscription that goes on with another connection. */
class Reconnecting implements BrokerSubscription {
  readonly ready = Promise.resolve();
  readonly #subscribe: () => BrokerSubscription;
  #current: BrokerSubscription | undefined;
  #onConnected: () => void = () => undefined;
  #connected: Promise<void>;
  #isClosed = false;

  constructor(subscribe: () => BrokerSubscription) {
    this.#subscribe = subscribe;
    this.#connected = this.#nextConnection();
  }

  connect(): void {
    if (this.#isClosed) return;
    this.#current = this.#subscribe();
    const connected = this.#onConnected;
    this.#connected = this.#nextConnection();
    connected();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<BrokerDelivery, undefined> {
    while (!this.#isClosed) {
      const reconnected = this.#connected;
      if (this.#current !== undefined) yield* this.#current;
      if (!this.#isClosed) await reconnected;
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#onConnected();
    await this.#current?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #nextConnection(): Promise<void> {
    return new Promise((resolve) => (this.#onConnected = resolve));
  }
}
