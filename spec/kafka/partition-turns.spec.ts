import { describe, expect, it } from 'vitest';
import { PartitionLog } from '../../lib/kafka/partition-log.ts';
import { PartitionTurns } from '../../lib/kafka/partition-turns.ts';

describe('the turns of partitions', () => {
  it('go by fours, and to the next as soon as one has nothing', () => {
    const turns = new PartitionTurns();
    turns.add(logWith('a', 6));
    turns.add(logWith('b', 1));
    expect(taken(turns)).toBe('aaaabaa');
    expect(turns.size).toBe(0);
  });

  it('have a partition once, however often it is added, and one that has nothing not at all', () => {
    const turns = new PartitionTurns();
    const log = logWith('a', 2);
    for (const added of [log, log, logWith('b', 0)]) turns.add(added);
    expect(turns.size).toBe(1);
    expect(taken(turns)).toBe('aa');
  });

  it('have a partition again that has something again', () => {
    const turns = new PartitionTurns();
    const log = logWith('a', 1);
    turns.add(log);
    expect(taken(turns)).toBe('a');
    fill(log, 2);
    turns.add(log);
    expect(taken(turns)).toBe('aa');
  });

  it('give nothing more of a partition that was lost, and the others whole turns', () => {
    const turns = new PartitionTurns();
    const [lost, kept] = [logWith('a', 9), logWith('b', 5)];
    turns.add(lost);
    turns.add(kept);
    turns.add(logWith('c', 1));
    expect(turns.shift()?.log).toBe(lost);
    lost.isLost = true;
    turns.remove(lost);
    const late = logWith('d', 1);
    late.isLost = true;
    for (const gone of [lost, late]) turns.add(gone);
    expect(taken(turns)).toBe('bbbbcb');
  });
});

describe('the log of a partition', () => {
  it('takes nothing twice of what is fetched again', () => {
    const log = logWith('a', 3);
    const again = { messages: [2, 3, 4].map(recordAt), end: 5 };
    expect(log.accept(again, '2')).toBe(true);
    expect(offsetsOf(log)).toEqual([0, 1, 2, 3, 4]);
  });

  it('takes nothing that was done beyond its place, wherever that lies in what is fetched', () => {
    const log = new PartitionLog('a', 0, { offset: 0, metadata: '' }, { settled: new Set([1, 3]), seenTo: 4 }, true);
    log.accept({ messages: [0, 1, 2, 3, 4].map(recordAt), end: 5 }, '0');
    expect(offsetsOf(log)).toEqual([0, 2, 4]);
  });
});

function logWith(topic: string, count: number): PartitionLog {
  const log = new PartitionLog(topic, 0, { offset: 0, metadata: '' }, { settled: new Set(), seenTo: 0 }, true);
  fill(log, count);
  return log;
}

function fill(log: PartitionLog, count: number): void {
  const from = log.next;
  log.accept(
    { messages: Array.from({ length: count }, (_, index) => recordAt(from + index)), end: from + count },
    String(from),
  );
}

function recordAt(offset: number): Parameters<PartitionLog['accept']>[0]['messages'][number] {
  return { key: null, value: new Uint8Array(3), timestamp: '0', offset: String(offset), headers: {} };
}

function offsetsOf(log: PartitionLog): readonly number[] {
  const offsets: number[] = [];
  for (let held = log.shift(); held !== undefined; held = log.shift()) offsets.push(held.offset);
  return offsets;
}

function taken(turns: PartitionTurns): string {
  let text = '';
  for (let held = turns.shift(); held !== undefined; held = turns.shift()) text += held.log.topic;
  return text;
}
