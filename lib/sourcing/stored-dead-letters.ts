import type { DeadLetter } from '../core/dead-letter.ts';
import { copyMessage, type EventMessage } from '../core/message.ts';
import type { DeadLetterStore } from '../process/dead-letter-store.ts';
import type { DocumentStore, StoredDocument } from './document-store.ts';
import { StoreFormatError } from './errors.ts';
import { readRichText, richText } from './rich-text.ts';

/** Keeps dead letters as documents. A letter keeps whatever was in flight, data that never left its process included. */
export function storedDeadLetters<Item = EventMessage>(documents: DocumentStore, queue: string): DeadLetterStore<Item> {
  const kind = `dead-letter:${queue}`;
  return {
    add: async (letter) => {
      await documents.put(kind, letter.id, richText(letter));
    },
    remove: (id) => documents.remove(kind, id),
    list: async () => (await documents.list(kind)).map((document) => readLetter<Item>(kind, document)),
  };
}

/** Messages have a method that a text does not keep. A recorded event is plain data, and stays so. */
function readLetter<Item>(kind: string, { key, value }: StoredDocument): DeadLetter<Item> {
  const letter = readText<Item>(kind, key, value);
  return isMessage(letter.event) ? { ...letter, event: copyMessage(letter.event) as Item } : letter;
}

function readText<Item>(kind: string, key: string, text: string): DeadLetter<Item> {
  try {
    return readRichText(text) as DeadLetter<Item>;
  } catch (error) {
    throw new StoreFormatError(
      `Expected a dead letter in document '${key}' of '${kind}', got a text that is none. Restore it from a backup, or let go of it by documents.remove('${kind}', '${key}').`,
      { cause: error },
    );
  }
}

function isMessage(event: unknown): event is EventMessage {
  const { id, type, time, headers, stream } = (event ?? {}) as Readonly<Record<string, unknown>>;
  return (
    typeof id === 'string' &&
    typeof type === 'string' &&
    typeof time === 'number' &&
    typeof headers === 'object' &&
    stream === undefined
  );
}
