import type { KafkaBatch, KafkaIncoming, KafkaRecord } from './kafka-client.ts';
import { sizeOf } from './wire.ts';

/** What of a batch is known to be so. */
export interface CommittedPart {
  readonly messages: readonly KafkaIncoming[];
  /** The first offset that is not looked at. */
  readonly end: number;
}

/** From this size on, there is more to come though the end of a transaction is not among it: the server gives a megabyte of a partition at a time. */
const FULL_BYTES = 800_000;

/**
 * The messages of a batch whose transactions have been committed, up to the first whose transaction has no end yet; undefined if that is the very first.
 *
 * The client filters, too, but takes the server's list of aborted transactions to be in the order of their begins, which it is not: where those of several producers overlap, it lets messages of
 * an aborted one through. The marks at the ends of transactions are in the log, behind their messages.
 */
export function committedPart(batch: KafkaBatch): CommittedPart | undefined {
  const { messages, rawMessages, fetchedOffset = '0' } = batch;
  const end = Number(batch.lastOffset()) + 1;
  if (!rawMessages?.some(isTransactional)) return { messages, end };
  const first = Number(fetchedOffset);
  const records = rawMessages.filter(({ offset }) => Number(offset) >= first);
  const committed = filtered(records, end);
  if (committed.end > Number(records[0]?.offset ?? end)) return committed;
  // A transaction that is larger than a batch: its end will not come into sight.
  const bytes = records.reduce((sum, record) => sum + sizeOf(record), 0);
  return bytes >= FULL_BYTES ? { messages, end } : undefined;
}

/** From the last to the first, so that the end of a transaction is met before its messages. */
function filtered(records: readonly KafkaRecord[], end: number): CommittedPart {
  const isCommitted = new Map<string, boolean>();
  let messages: KafkaIncoming[] = [];
  let cut = end;
  for (const record of records.toReversed()) {
    const producer = record.batchContext?.producerId ?? '';
    if (record.isControlRecord === true) {
      isCommitted.set(producer, isCommitMark(record));
    } else if (!isTransactional(record) || isCommitted.get(producer) === true) {
      messages.push(record);
    } else if (!isCommitted.has(producer)) {
      cut = Number(record.offset);
      messages = [];
    }
  }
  return { messages: messages.toReversed(), end: cut };
}

function isTransactional({ batchContext }: KafkaRecord): boolean {
  return batchContext?.inTransaction === true;
}

/** Its key is a version and a kind: 0 for an abort, 1 for a commit. */
function isCommitMark({ key }: KafkaRecord): boolean {
  return key instanceof Uint8Array && key[3] === 1;
}
