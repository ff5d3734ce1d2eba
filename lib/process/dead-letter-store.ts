import { AgedMap } from '../core/aged-map.ts';
import type { DeadLetter } from '../core/dead-letter.ts';
import type { EventMessage } from '../core/message.ts';
import { expectCount } from '../core/options.ts';

/**
 * Keeps dead letters, in memory or in a database. A method that cannot answer at once returns a promise; if it throws or rejects,
 * the queue tries again and reports it.
 */
export interface DeadLetterStore<Item = EventMessage> {
  /** Keeps a letter; one with the same id is replaced. */
  add(letter: DeadLetter<Item>): PromiseLike<void> | void;
  /** Forgets a letter; an unknown id is no error. */
  remove(id: string): PromiseLike<void> | void;
  /** All letters, the oldest first. */
  list(): PromiseLike<readonly DeadLetter<Item>[]> | readonly DeadLetter<Item>[];
}

/** Bounds a {@link memoryDeadLetterStore}. */
export interface MemoryDeadLetterStoreOptions<Item> {
  /** Letters that are kept; ≥ 1, or Infinity. @defaultValue 10_000 */
  readonly maxSize?: number;
  /** Told of each letter that had to go for a newer one. */
  readonly onEvicted?: (letter: DeadLetter<Item>) => void;
}

/** Keeps letters in memory; when it is full the oldest goes. The default store. */
export function memoryDeadLetterStore<Item = EventMessage>({
  maxSize = 10_000,
  onEvicted,
}: MemoryDeadLetterStoreOptions<Item> = {}): DeadLetterStore<Item> {
  expectCount('maxSize', maxSize, 1, true);
  const letters = new AgedMap<string, DeadLetter<Item>>();

  function evictOldest(): void {
    const { oldest } = letters;
    if (oldest === undefined) return;
    letters.delete(oldest.key);
    onEvicted?.(oldest.value);
  }

  return {
    add: (letter) => {
      if (letters.size >= maxSize && !letters.has(letter.id)) evictOldest();
      letters.set(letter.id, letter);
    },
    remove: (id) => letters.delete(id),
    list: () => letters.values(),
  };
}
