import type { BrokerMessage } from '../../broker/broker-message.ts';
import { TestFailure } from '../test-failure.ts';
import type { Consumer } from './consumer.ts';
import type { Received } from './received.ts';
import type { Trial } from './trial.ts';

/** Waits until each of these messages has come to one of these consumers, and judges that they are what was published. */
export async function expectDelivered(
  trial: Trial,
  consumers: Consumer | readonly Consumer[],
  messages: readonly BrokerMessage[],
): Promise<void> {
  const lists = [consumers].flat().map(({ received }) => received);
  await awaitAll(trial, messages, lists, 'delivered');
  const byId = new Map(messages.map((message) => [message.id, message]));
  for (const { message } of lists.flat()) {
    const published = byId.get(message.id);
    if (published !== undefined) expectSameMessage(message, published);
  }
}

/** Waits until each of these messages has been acknowledged by one of these consumers. */
export async function expectAcknowledged(
  trial: Trial,
  consumers: Consumer | readonly Consumer[],
  messages: readonly BrokerMessage[],
): Promise<void> {
  const lists = [consumers].flat().map(({ acknowledged }) => acknowledged);
  await awaitAll(trial, messages, lists, 'acknowledged');
}

/** Judges that a consumer was given these messages and no others. */
export function expectOnly(consumer: Consumer, messages: readonly BrokerMessage[]): void {
  const wanted = new Set(messages.map(({ id }) => id));
  const stranger = consumer.received.find(({ id }) => !wanted.has(id));
  if (stranger === undefined) return;
  throw new TestFailure(
    `Expected only the ${wanted.size} messages that were meant for it, got '${stranger.id}' of topic '${stranger.message.topic}', too.`,
  );
}

/** Judges that a message arrived as it was published. */
export function expectSameMessage(got: BrokerMessage, published: BrokerMessage): void {
  const { id } = published;
  expectEqual(`the topic of message '${id}'`, got.topic, published.topic);
  expectEqual(`the key of message '${id}'`, got.key, published.key);
  expectEqual(`the headers of message '${id}'`, sortedJson(got.headers), sortedJson(published.headers));
  if (!(got.body instanceof Uint8Array)) {
    throw new TestFailure(`Expected the body of message '${id}' to be a Uint8Array, got ${typeof got.body}.`);
  }
  expectEqual(`the size of the body of message '${id}'`, got.body.length, published.body.length);
  const index = got.body.findIndex((byte, place) => byte !== published.body[place]);
  if (index >= 0) expectEqual(`byte ${index} of the body of message '${id}'`, got.body[index], published.body[index]);
}

/** Judges that two values are the same. */
export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (Object.is(actual, expected)) return;
  throw new TestFailure(`Expected ${what} to be ${shown(expected)}, got ${shown(actual)}.`, { expected, actual });
}

/** Judges that a promise rejects with an error of a class, or with this very error. */
export async function expectRejection(
  trial: Trial,
  promise: Promise<unknown>,
  what: string,
  expected: (abstract new (...parameters: never[]) => Error) | Error,
): Promise<void> {
  const name = typeof expected === 'function' ? expected.name : `the signal's reason`;
  let error: unknown;
  const settled = promise.then(
    () => new TestFailure(`Expected ${what} to be refused with ${name}, got no error.`),
    (thrown: unknown) => {
      error = thrown;
      return undefined;
    },
  );
  const failure = await trial.within(settled, `${what} to be refused with ${name}`);
  if (failure !== undefined) throw failure;
  if (typeof expected === 'function' ? error instanceof expected : error === expected) return;
  throw new TestFailure(`Expected ${what} to be refused with ${name}, got ${String(error)}.`, { cause: error });
}

/** Judges that a call throws an error of a class. */
export async function expectThrown(
  trial: Trial,
  call: () => unknown,
  what: string,
  expected: abstract new (...parameters: never[]) => Error,
): Promise<void> {
  await expectRejection(
    trial,
    new Promise((resolve) => {
      resolve(call());
    }),
    what,
    expected,
  );
}

async function awaitAll(
  trial: Trial,
  messages: readonly BrokerMessage[],
  lists: readonly (readonly Received[])[],
  done: string,
): Promise<void> {
  const missing = new Set(messages.map(({ id }) => id));
  // The lists grow: each entry is looked at once.
  const seen = lists.map(() => 0);
  const isReached = (): boolean => {
    for (const [index, list] of lists.entries()) {
      for (let place = seen[index]!; place < list.length; place++) missing.delete(list[place]!.id);
      seen[index] = list.length;
    }
    return missing.size === 0;
  };
  await trial.until(isReached, () => {
    const some = [...missing].slice(0, 3).map((id) => `'${id}'`);
    // The first mistake that one makes.
    const isNothing = messages.length > 1 && lists.every(({ length }) => length === 0);
    const hint = isNothing ? '; do all that makeBroker opens reach one server?' : '';
    return `all of ${messages.length} messages to be ${done}, got ${messages.length - missing.size} (without ${some.join(', ')}${missing.size > 3 ? ', …' : ''})${hint}`;
  });
}

function sortedJson(headers: Readonly<Record<string, string>>): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(headers ?? {}).toSorted(([one], [other]) => (one < other ? -1 : 1))),
  );
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
