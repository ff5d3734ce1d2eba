import { Observable, share } from 'rxjs';
import type { EventMessage } from '../../core/message.ts';
import type { ErrorReports } from '../../process/error-reports.ts';
import type { Broker } from '../broker.ts';
import type { BrokerSubscription } from '../broker-subscription.ts';
import { Arrival } from './arrival.ts';

/** What live feeds need of their bus. */
export interface LiveFeedsOptions {
  readonly broker: Broker;
  /** Names a group that nobody else has. */
  readonly nameGroup: () => string;
  readonly decode: (arrival: Arrival, matches: (type: string) => boolean) => EventMessage | Promise<EventMessage>;
  readonly errors: ErrorReports;
}

/** Deliveries that are read ahead for those who only listen: they are acknowledged at once. */
const READ_AHEAD = 256;

/** What is published from now on, for plain subscribers: each set of topics by one ephemeral group, as long as anybody listens. */
export class LiveFeeds {
  readonly #options: LiveFeedsOptions;
  readonly #feeds = new Map<string, Observable<EventMessage>>();
  readonly #open = new Set<BrokerSubscription>();
  readonly #ends = new Set<() => void>();
  #isClosed = false;

  constructor(options: LiveFeedsOptions) {
    this.#options = options;
  }

  /** Resolve when what is published from now on is heard. */
  get ready(): readonly Promise<void>[] {
    return Array.from(this.#open, ({ ready }) => ready);
  }

  /** The events of some topics; hot, and shared by all who listen. */
  of(topics: readonly string[], matches: (type: string) => boolean): Observable<EventMessage> {
    const key = topics.toSorted().join();
    let feed = this.#feeds.get(key);
    if (feed === undefined) this.#feeds.set(key, (feed = this.#make(topics, matches)));
    return feed;
  }

  /** Completes all, and leaves. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const end of this.#ends) end();
    await Promise.all(Array.from(this.#open, (subscription) => this.#leave(subscription)));
  }

  #make(topics: readonly string[], matches: (type: string) => boolean): Observable<EventMessage> {
    const { broker, nameGroup, errors } = this.#options;
    return new Observable<EventMessage>((subscriber) => {
      const end = (): void => subscriber.complete();
      if (this.#isClosed) return end();
      const options = { topics, group: nameGroup(), isEphemeral: true, maxInFlight: READ_AHEAD };
      const subscription = broker.subscribe(options);
      subscription.ready.catch(() => undefined);
      this.#open.add(subscription);
      this.#ends.add(end);
      this.#read(subscription, matches, (event) => subscriber.next(event))
        .catch((error: unknown) => errors.report('broker', error))
        // The broker has given it up: nothing more comes.
        .finally(end);
      return () => {
        this.#ends.delete(end);
        void this.#leave(subscription);
      };
    }).pipe(share());
  }

  async #leave(subscription: BrokerSubscription): Promise<void> {
    try {
      await subscription.close();
    } catch (error) {
      this.#options.errors.report('broker', error);
    } finally {
      this.#open.delete(subscription);
    }
  }

  async #read(
    subscription: BrokerSubscription,
    matches: (type: string) => boolean,
    tell: (event: EventMessage) => void,
  ): Promise<void> {
    const { decode, errors } = this.#options;
    for await (const delivery of subscription) {
      delivery.ack().catch(() => undefined);
      try {
        tell(await decode(new Arrival(delivery.message), matches));
      } catch (error) {
        errors.report('broker', error);
      }
    }
  }
}
