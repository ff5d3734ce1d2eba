import type { BrokerCapabilities } from '../broker/broker-capabilities.ts';
import type { BrokerLetterStore } from '../broker/broker-letter-store.ts';
import type { BrokerMessage, PublishReceipt } from '../broker/broker-message.ts';
import type { CheckedSubscription } from '../broker/check-subscription.ts';
import { ClosedError } from '../core/errors.ts';
import { randomId } from '../core/ids.ts';
import type { BrokerBody, LiveSubscription } from '../broker/broker-body.ts';
import type { GroupPlan } from './group-consumer.ts';
import type { JetStreamApi } from './jet-stream-api.ts';
import type { JetStreamContext } from './jet-stream-context.ts';
import { JetStreamLetters } from './jet-stream-letters.ts';
import type { CheckedJetStreamOptions } from './jet-stream-options.ts';
import { JetStreamPublisher } from './jet-stream-publisher.ts';
import { JetStreamSubscription } from './jet-stream-subscription.ts';
import { letterPlace } from './letter-place.ts';
import type { Link } from './link.ts';
import type { Mailbox } from './mailbox.ts';
import { outboundOf } from './outbound.ts';
import { Stream } from './stream.ts';
import { Subjects } from './subjects.ts';

/** The parts of a JetStream broker, put together. */
export class JetStreamBody implements BrokerBody {
  readonly capabilities: BrokerCapabilities;
  readonly link: Link;
  readonly #options: CheckedJetStreamOptions;
  readonly #context: JetStreamContext;
  readonly #publisher: JetStreamPublisher;
  readonly #letters = new Map<string, { readonly store: BrokerLetterStore; readonly publisher: JetStreamPublisher }>();
  readonly #ending = new AbortController();

  constructor(
    link: Link,
    mailbox: Mailbox,
    api: JetStreamApi,
    capabilities: BrokerCapabilities,
    options: CheckedJetStreamOptions,
  ) {
    this.link = link;
    this.capabilities = capabilities;
    this.#options = options;
    const { scheduler, inboxPrefix, subjectPrefix, manage } = options;
    const inbox = `${inboxPrefix}.${randomId()}`;
    let inboxes = 0;
    const stream = new Stream(api, options.stream, manage, this.#ending.signal);
    this.#context = {
      link,
      mailbox,
      api,
      stream,
      subjects: new Subjects(subjectPrefix, inboxPrefix),
      scheduler,
      inboxPrefix,
      newInbox: () => `${inbox}.${(inboxes++).toString(36)}`,
      planOf: (subscription) => this.#planOf(subscription),
    };
    this.#publisher = new JetStreamPublisher(link, mailbox, stream, options);
  }

  get publishing(): number {
    let size = this.#publisher.size;
    for (const { publisher } of this.#letters.values()) size += publisher.size;
    return size;
  }

  now(): number {
    return this.#options.scheduler.now();
  }

  async publish(
    messages: readonly BrokerMessage[],
    signal: AbortSignal | undefined,
  ): Promise<readonly PublishReceipt[]> {
    const { subjects, link } = this.#context;
    const outbound = messages.map((message) => outboundOf(message, subjects, link.client));
    return this.#publisher.publish(outbound, signal);
  }

  subscribe(
    broker: { readonly name: string; readonly capabilities: BrokerCapabilities },
    options: CheckedSubscription,
    onClosed: (subscription: LiveSubscription) => void,
  ): LiveSubscription {
    return new JetStreamSubscription(broker, this.#context, options, onClosed);
  }

  letterStore(name: string): BrokerLetterStore {
    const known = this.#letters.get(name);
    if (known !== undefined) return known.store;
    const { publishTimeoutMs, streamConfig, manage } = this.#options;
    const place = letterPlace(name, this.#options);
    const own = { name: place.stream, subjects: [`${place.prefix}*`], max_msgs_per_subject: 1 };
    const { link, mailbox, api } = this.#context;
    const stream = new Stream(api, { ...kept(streamConfig), ...own }, manage, this.#ending.signal);
    const publisher = new JetStreamPublisher(link, mailbox, stream, this.#options);
    const store = new JetStreamLetters(this.#context, stream, place.prefix, publisher, publishTimeoutMs);
    this.#letters.set(name, { store, publisher });
    return store;
  }

  async close(): Promise<void> {
    const letters = Array.from(this.#letters.values(), async ({ publisher }) => publisher.close());
    await Promise.all([this.#publisher.close(), ...letters]);
    const error = new ClosedError(`broker '${this.#options.name}'`);
    this.#ending.abort(error);
    this.#context.mailbox.close(error);
    await this.link.close();
  }

  #planOf(subscription: CheckedSubscription): GroupPlan {
    const { manage, inTurn, ackWaitMs, stream } = this.#options;
    const subjects = subscription.topics.map((topic) => this.#context.subjects.of(topic));
    const filtersBySeveral = isAtLeast(this.link.client.info?.version, 2, 10);
    return { stream: stream.name, subscription, subjects, manage, inTurn, ackWaitMs, filtersBySeveral };
  }
}

/** Of a stream's configuration, what is as good for letters: limits on age and size are not. */
function kept({ num_replicas, storage, placement }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries({ num_replicas, storage, placement }).filter(([, value]) => value !== undefined),
  );
}

function isAtLeast(version: string | undefined, major: number, minor: number): boolean {
  const [ours = 0, less = 0] = (version ?? '').split('.').map(Number);
  return ours > major || (ours === major && less >= minor);
}
