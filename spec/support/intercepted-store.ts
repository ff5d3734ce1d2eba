import type { EventStore } from 'millrace';

/** Called before a store is asked, with what for: it may wait, or throw. */
export type Before = (call: string) => Promise<void> | void;

/** The same store as another process has it: one that may be slow, away, frozen, or fail. */
export function interceptedStore(inner: EventStore, before: Before): EventStore {
  async function ask<Answer>(call: string, question: () => Promise<Answer>): Promise<Answer> {
    await before(call);
    return question();
  }

  async function* read<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item, undefined> {
    await before('read');
    for await (const item of items) {
      await before('read');
      yield item;
    }
  }

  const { documents } = inner;
  return {
    name: inner.name,
    append: (...call) => ask('append', () => inner.append(...call)),
    readStream: (...call) => read(inner.readStream(...call)),
    readAll: (...call) => read(inner.readAll(...call)),
    subscribe: (...call) => read(inner.subscribe(...call)),
    findEvent: (...call) => ask('findEvent', () => inner.findEvent(...call)),
    streamVersion: (...call) => ask('streamVersion', () => inner.streamVersion(...call)),
    deleteStream: (...call) => ask('deleteStream', () => inner.deleteStream(...call)),
    head: () => ask('head', () => inner.head()),
    documents: {
      get: (...call) => ask('get', () => documents.get(...call)),
      put: (...call) => ask('put', () => documents.put(...call)),
      remove: (...call) => ask('remove', () => documents.remove(...call)),
      list: (...call) => ask('list', () => documents.list(...call)),
    },
    deadLetters: (queue) => inner.deadLetters(queue),
    close: () => inner.close(),
    [Symbol.asyncDispose]: () => inner.close(),
  };
}

/** Keeps whoever passes waiting while it is shut: a process that is frozen, or dead if it is never opened again. */
export class Barrier {
  #shut: { readonly opened: Promise<void>; readonly open: () => void } | undefined;

  /** To be given to {@link interceptedStore}. */
  readonly pass = (): Promise<void> | undefined => this.#shut?.opened;

  shut(): void {
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => (open = resolve));
    this.#shut ??= { opened, open };
  }

  open(): void {
    this.#shut?.open();
    this.#shut = undefined;
  }
}
