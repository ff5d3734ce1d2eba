import { describe, expect, it } from 'vitest';
import { committedPart } from '../../lib/kafka/committed-part.ts';
import type { KafkaBatch, KafkaRecord } from '../../lib/kafka/kafka-client.ts';

/**
 * A batch of these records, from offset 10 on: `a` and `b` are of the transactions of two producers, `A` and `B` their commits, `x` and `y` their aborts, `-` is of none.
 *
 * @param fromClient - the offsets that the client lets through
 */
function batchOf(records: string, fromClient = '', size = 1): KafkaBatch {
  const rawMessages = Array.from(records, (letter, index): KafkaRecord => {
    const producerId = 'aAx'.includes(letter) ? 'one' : 'other';
    const isControlRecord = 'ABxy'.includes(letter);
    const key = isControlRecord ? Uint8Array.of(0, 0, 0, 'AB'.includes(letter) ? 1 : 0) : null;
    const batchContext = { producerId, inTransaction: letter !== '-' };
    return {
      offset: String(10 + index),
      timestamp: '0',
      key,
      value: new Uint8Array(size),
      isControlRecord,
      batchContext,
    };
  });
  const messages = rawMessages.filter(({ offset }) => fromClient.split(' ').includes(offset));
  const lastOffset = (): string => String(9 + records.length);
  return { topic: 't', partition: 0, fetchedOffset: '10', messages, rawMessages, lastOffset };
}

function shown(batch: KafkaBatch): string {
  const part = committedPart(batch);
  return part === undefined ? 'later' : `${part.messages.map(({ offset }) => offset).join(' ')} to ${part.end}`;
}

describe('the part of a batch that is committed', () => {
  it.each([
    ['--', '10 11', '10 11 to 12'],
    ['aaA', '', '10 11 to 13'],
    ['aax', '', ' to 13'],
    ['a-x-', '', '11 13 to 14'],
    // The client would let the first ones of an aborted transaction through that began before another, and ended after it.
    ['aabxyb', '10 11', ' to 15'],
    ['babxayaA', '10', '14 16 to 18'],
    ['abAy', '', '10 to 14'],
    // One that has no end yet, and all behind it, wait.
    ['aAb-aA', '', '10 to 12'],
    ['-b', '', '10 to 11'],
    ['b', '10', 'later'],
    ['baA', '', 'later'],
    // A transaction may follow an aborted one of the same producer.
    ['axaA', '', '12 to 14'],
  ])('of %s is that', (records, fromClient, expected) => {
    expect(shown(batchOf(records, fromClient))).toBe(expected);
  });

  it('is what the client says, where a transaction is larger than a batch', () => {
    expect(shown(batchOf('bbb', '10 11', 400_000))).toBe('10 11 to 13');
  });

  it('is what the client says, where it shows nothing else', () => {
    const { rawMessages: _, ...batch } = batchOf('ab', '10');
    expect(shown(batch)).toBe('10 to 12');
  });
});
