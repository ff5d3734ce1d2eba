import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createProcessor } from 'millrace';
import { Piscina } from 'piscina';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BlockFolder, openBlockFolder } from '../support/block-folder.ts';
import { recipe } from './recipe.ts';

const run = promisify(execFile);

describe('a recipe for Node', () => {
  let folder: BlockFolder;

  beforeAll(async () => {
    folder = await openBlockFolder();
  });

  afterAll(async () => folder[Symbol.asyncDispose]());

  it.each([
    { heading: '### Graceful shutdown on SIGTERM', lines: ['1 handled since then, 0 abandoned'] },
    { heading: '### Late subscribers', lines: ['handler: dark', 'pipeline: dark', 'promise: dark'] },
    { heading: '### Request and reply', lines: ['4', 'TimeoutError'] },
    {
      heading: '### CPU-bound handlers',
      lines: ['1229 primes below 10000', '168 primes below 1000', '9592 primes below 100000'],
    },
  ])('does what it says: $heading', { timeout: 20_000 }, async ({ heading, lines }) => {
    const file = await folder.build(await recipe(heading));
    const { stdout } = await run(process.execPath, [file], { cwd: folder.path, timeout: 10_000 });
    // Threads end in any order.
    expect(stdout.trim().split('\n').toSorted()).toStrictEqual(lines.toSorted());
  });

  it('ends a thread whose time is over, and handles the next item', async () => {
    const filename = await folder.build(await recipe('### CPU-bound handlers'));
    await using pool = new Piscina<number, number>({ filename, maxThreads: 1 });
    await pool.run(2); // The thread has started.
    const counts: number[] = [];
    const processor = createProcessor(
      async (below: number, { signal }) => void counts.push(await pool.run(below, { signal })),
      { timeoutMs: 1_000 },
    );
    const endless = await processor.send(1e12);
    const short = await processor.send(1_000);
    expect(await endless.settled).toMatchObject({ outcome: 'dead', reason: 'timeout' });
    expect(await short.settled).toMatchObject({ outcome: 'handled' });
    expect(counts).toStrictEqual([168]);
  });
});
