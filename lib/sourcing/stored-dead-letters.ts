import type { DeadLetter } from '../core/dead-letter.ts';
import type { EventMessage } from '../core/message.ts';
import type { DeadLetterStore } from '../process/dead-letter-store.ts';
import type { DocumentStore } from './document-store.ts';
import { letterText, readLetter } from './letter-text.ts';

/** Keeps dead letters as documents. */
export function storedDeadLetters<Item = EventMessage>(documents: DocumentStore, queue: string): DeadLetterStore<Item> {
  const kind = `dead-letter:${queue}`;
  return {
    add: async (letter) => {
      await documents.put(kind, letter.id, letterText(letter));
    },
    remove: (id) => documents.remove(kind, id),
    list: async () => (await documents.list(kind)).map(({ value }) => readLetter(value) as DeadLetter<Item>),
  };
}
