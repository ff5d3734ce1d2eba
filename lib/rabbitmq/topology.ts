import type { CheckedSubscription } from '../broker/check-subscription.ts';
import { TopologyError } from '../broker/broker-errors.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { show } from '../core/options.ts';
import type { RabbitMqChannel, RabbitMqQueueOptions } from './amqp.ts';
import { codeOf, isRefusal, refusalOf, textOf } from './failures.ts';
import { wireName } from './header-names.ts';
import type { CheckedOptions } from './options.ts';
import { expectShort } from './wire.ts';

/** Milliseconds for which a queue of listeners is kept that were cut off. */
const LISTENERS_EXPIRE_MS = 60_000;
/** What is longer than any suffix. */
const LONGEST_SUFFIX = '.delay.4194304000';

/**
 * Without a limit, version 3 requeues at the back, which gives up the order; and version 4 has one of 20, after which it drops. Both are given one that is
 * never reached: then what comes back has its old place.
 */
const QUORUM = { 'x-queue-type': 'quorum', 'x-delivery-limit': 1_000_000_000 };

/** The exchanges and queues of a broker: their names, and how they are made or looked for. */
export class Topology {
  readonly exchange: string;
  readonly #options: CheckedOptions;

  constructor(options: CheckedOptions) {
    this.exchange = options.exchange.name;
    this.#options = options;
  }

  /** @throws InvalidOptionError if the group cannot have a queue, or be bound to its topics */
  expectPossible({ group, topics }: CheckedSubscription): void {
    expectShort('the name of the queue', this.queueOf(group) + LONGEST_SUFFIX);
    for (const topic of topics) {
      expectShort('a topic', topic);
      // To the server it is a wildcard for any number of words.
      if (topic.split('.').includes('#')) {
        throw new InvalidOptionError(
          `Expected topics without the token '#', got ${show(topic)}. Write '>' at the end for the rest.`,
        );
      }
    }
  }

  queueOf(group: string): string {
    return this.#options.prefix + group;
  }

  /** Whether the server routes by topics: otherwise a group is sent more. */
  get routesByTopic(): boolean {
    const { type } = this.#options.exchange;
    return type === 'topic' || type === 'direct';
  }

  /** Whether queues of groups say exactly how often they have delivered. */
  countsDeliveries(isEphemeral = false): boolean {
    return !isEphemeral && (this.#options.queueArguments['x-queue-type'] ?? 'quorum') === 'quorum';
  }

  get #groupArguments(): Readonly<Record<string, unknown>> {
    const { inTurn, queueArguments } = this.#options;
    // Other kinds of queues have no such limit.
    const limit = this.countsDeliveries() ? {} : { 'x-delivery-limit': undefined };
    return { ...limit, ...(inTurn && { 'x-single-active-consumer': true }), ...queueArguments };
  }

  async makeExchange(channel: RabbitMqChannel): Promise<void> {
    const { manage, exchange } = this.#options;
    const { name, type } = exchange;
    await attempt(`the ${type} exchange '${name}'`, async () =>
      manage ? channel.assertExchange(name, type, { arguments: exchange.arguments }) : channel.checkExchange(name),
    );
  }

  /** The queue of a group, bound to its topics. @returns its name */
  async makeGroup(channel: RabbitMqChannel, subscription: CheckedSubscription): Promise<string> {
    const { group, topics, isEphemeral, deadLetter } = subscription;
    const queue = this.queueOf(group);
    await this.makeExchange(channel);
    if (isEphemeral) await this.#makeListeners(channel, queue);
    else await this.#make(channel, queue, this.#groupArguments);
    if (this.#options.manage && !isEphemeral) await this.#rememberTopics(channel, queue, topics);
    if (deadLetter !== undefined) await this.#make(channel, deadQueueOf(queue));
    if (this.#options.manage || isEphemeral) await this.#bind(channel, queue, subscription);
    return queue;
  }

  /** Where messages of a queue wait that long, to come back to it. @returns its name */
  async makeDelayQueue(channel: RabbitMqChannel, queue: string, bucketMs: number): Promise<string> {
    const name = `${queue}.delay.${bucketMs}`;
    // No x-expires: a quorum queue would end with the messages in it, since only consumers count as its use.
    await this.#make(channel, name, {
      'x-message-ttl': bucketMs,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': queue,
      // Moved with confirms, rather than lost when the server ends in between.
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    });
    return name;
  }

  /** The queue of a letter store, and the one by which it is locked. */
  async makeLetters(
    channel: RabbitMqChannel,
    name: string,
  ): Promise<{ readonly queue: string; readonly lock: string }> {
    const queue = `${this.#options.prefix}letters.${name}`;
    const lock = `${queue}.lock`;
    await this.#make(channel, queue);
    const options = { durable: true, arguments: { 'x-queue-type': 'classic' } };
    await attempt(`the queue '${lock}'`, async () =>
      this.#options.manage ? channel.assertQueue(lock, options) : channel.checkQueue(lock),
    );
    return { queue, lock };
  }

  /** A durable quorum queue, unless arguments say otherwise. */
  async #make(channel: RabbitMqChannel, name: string, own: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const options = { durable: true, arguments: { ...QUORUM, ...own } };
    await attempt(`the queue '${name}'`, async () =>
      this.#options.manage ? channel.assertQueue(name, options) : channel.checkQueue(name),
    );
  }

  /** A queue that ends with its last consumer; quorum queues cannot. */
  async #makeListeners(channel: RabbitMqChannel, name: string): Promise<void> {
    const options: RabbitMqQueueOptions = {
      durable: true,
      autoDelete: true,
      arguments: { 'x-queue-type': 'classic', 'x-expires': LISTENERS_EXPIRE_MS },
    };
    await attempt(`the queue '${name}'`, async () => channel.assertQueue(name, options));
  }

  /**
   * A client cannot ask for a queue's bindings. So an exchange that nobody uses has the topics as an argument which the server compares: a group with
   * others is refused.
   */
  async #rememberTopics(channel: RabbitMqChannel, queue: string, topics: readonly string[]): Promise<void> {
    const name = `${queue}.topics`;
    const { exchange } = this.#options;
    const place = exchange.name === 'millrace' ? '' : ` of ${exchange.name}`;
    const list = `${[...new Set(topics)].toSorted().join(' ')}${place}`;
    const what = `the queue '${queue}' to be bound to the topics '${list}'`;
    try {
      const argument = { 'alternate-exchange': list };
      await channel.assertExchange(name, 'fanout', { internal: true, arguments: argument });
    } catch (error) {
      throw hasOthers(error) ? otherTopics(error, what, queue, name) : refusalUnlessAway(error, what);
    }
  }

  async #bind(channel: RabbitMqChannel, queue: string, { group, topics }: CheckedSubscription): Promise<void> {
    const { name, type, match } = this.#options.exchange;
    const bind = async (pattern: string, headers?: Readonly<Record<string, unknown>>): Promise<unknown> =>
      attempt(`to bind the queue '${queue}' to the exchange '${name}'`, async () =>
        channel.bindQueue(queue, name, pattern, headers),
      );
    if (type === 'fanout') await bind('');
    else if (type === 'headers') await bind('', wired(match!(group, topics)));
    else for (const topic of topics) await bind(type === 'topic' ? bindingOf(topic) : topic);
  }
}

/** Where letters of a queue's group wait that no group has subscribed to. */
export function deadQueueOf(queue: string): string {
  return `${queue}.dead`;
}

/** `>` is one token or more; the server's `#` is none or more. */
function bindingOf(topic: string): string {
  if (topic === '>') return '#';
  return topic.endsWith('.>') ? `${topic.slice(0, -1)}*.#` : topic;
}

function wired(headers: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name === 'x-match' ? name : wireName(name), value]),
  );
}

async function attempt<Result>(what: string, deed: () => Promise<Result>): Promise<Result> {
  try {
    return await deed();
  } catch (error) {
    throw refusalUnlessAway(error, what);
  }
}

function refusalUnlessAway(error: unknown, what: string): unknown {
  return isRefusal(error) ? refusalOf(error, what) : error;
}

function hasOthers(error: unknown): boolean {
  return codeOf(error) === 406 && textOf(error).includes("'alternate-exchange'");
}

/** The server's own words are of the exchange that remembers. */
function otherTopics(error: unknown, what: string, queue: string, exchange: string): TopologyError {
  const [, current] = /current is '([^']*)'/.exec(textOf(error)) ?? [];
  const got =
    current === undefined ? `one that is bound to others (${textOf(error)})` : `one that is bound to '${current}'`;
  return new TopologyError(
    `Expected ${what}, got ${got}. A group keeps its topics, and so does a handler's name on a bus: take another name, or delete the queue '${queue}', with what waits in it, and the exchange '${exchange}'.`,
    { cause: error },
  );
}
