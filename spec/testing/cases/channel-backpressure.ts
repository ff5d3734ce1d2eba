import { createChannel } from 'millrace';
import { delayed, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

it(
  'reads a file no faster than its lines can be stored',
  virtualTest(async ({ time }) => {
    const stored: string[] = [];
    const lines = createChannel<string>({ capacity: 2 });
    const workers = lines.process(delayed((line) => stored.push(line), 10));
    const readAt: number[] = [];

    for (const line of ['a', 'b', 'c', 'd', 'e']) {
      await lines.send(line);
      readAt.push(time.now);
    }
    lines.close();
    await workers.drain();

    // One is being stored and two wait: the fourth has to wait for room, and so has the fifth.
    expect(readAt).toEqual([0, 0, 0, 10, 20]);
    expect(stored).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(time.now).toBe(50);
  }),
);
