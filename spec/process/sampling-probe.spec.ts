import {
  createProcessor,
  type Handling,
  type HandlerPart,
  type Part,
  type Probe,
  type ProcessorOptions,
  type ReportedError,
} from 'millrace';
import { virtualTest } from 'millrace/testing';
import { throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';

/** A probe that follows what a rule says, and writes down what it is told. */
function follower(follows: (event: unknown) => boolean): { probe: Probe; lines: string[] } {
  const lines: string[] = [];
  const note = (what: string) => (handling: Handling) => void lines.push(`${what} ${String(handling.event)}`);
  const probe: Probe = {
    attached: () => ({ samples: follows }),
    accepted: note('accepted'),
    started: note('started'),
    retried: note('retried'),
    settled: ({ event }, { outcome }) => void lines.push(`${outcome} ${String(event)}`),
    dropped: ({ event }, reason) => void lines.push(`${reason} ${String(event)}`),
  };
  return { probe, lines };
}

const isEven = (event: unknown): boolean => Number(event) % 2 === 0;

describe('a probe that follows a few events', () => {
  it('is told all of those, and nothing of the others', () => {
    const { probe, lines } = follower(isEven);
    const processor = createProcessor<number>(() => undefined, { probe });
    for (const event of [1, 2, 3, 4]) processor.trySend(event);
    expect(lines).toStrictEqual(['accepted 2', 'started 2', 'handled 2', 'accepted 4', 'started 4', 'handled 4']);
    expect(processor.stats()).toMatchObject({ accepted: 4, handled: 4, pending: 0 });
  });

  it(
    'is told of what goes wrong with any event',
    virtualTest(async ({ time }) => {
      const { probe, lines } = follower(() => false);
      let calls = 0;
      const handler = () => (calls++ === 1 ? undefined : throwError(() => new Error('no')));
      const processor = createProcessor<number>(handler, { probe, retry: { maxAttempts: 2, delayMs: 10 } });
      processor.trySend(1);
      await time.advance(10);
      processor.trySend(3);
      await time.advance(20);
      // That 1 was handled at last is no trouble.
      expect(lines).toStrictEqual(['retried 1', 'retried 3', 'dead 3']);
    }),
  );

  it('may send, and close all, as it chooses', () => {
    const handled: number[] = [];
    const asked: unknown[] = [];
    const probe: Probe = {
      attached: () => ({
        samples: (event) => {
          asked.push(event);
          if (event === 1) processor.trySend(2);
          if (event === 3) processor.close();
          return false;
        },
      }),
    };
    const processor = createProcessor<number>((event) => void handled.push(event), { probe });
    for (const event of [1, 3, 4]) processor.trySend(event);
    expect(asked).toStrictEqual([1, 2, 3, 4]);
    expect(handled).toStrictEqual([2, 1]);
    expect(processor.stats()).toMatchObject({ accepted: 2, handled: 2, rejected: 2, pending: 0 });
  });

  it('is told of what is dropped', () => {
    const { probe, lines } = follower(() => false);
    const options: ProcessorOptions<number> = { probe, capacity: 1, overflow: 'drop-oldest' };
    const processor = createProcessor<number>(() => new Promise(() => {}), options);
    for (const event of [1, 2, 3]) processor.trySend(event);
    expect(lines).toStrictEqual(['drop-oldest 2']);
  });

  it('is asked once for each event that is taken, whichever way it came', async () => {
    const asked: unknown[] = [];
    const { probe } = follower((event) => asked.push(event) < 0);
    const processor = createProcessor<number>(async () => undefined, { probe, capacity: 1 });
    expect(processor.trySend(1)).toBe(true);
    expect(processor.trySend(2, () => {})).toBe(true);
    expect(processor.trySend(3)).toBe(false);
    await processor.send(4);
    await processor.drain();
    expect(asked).toStrictEqual([1, 2, 4]);
  });

  it('goes beside another one that follows all, and one that follows others', () => {
    const all: string[] = [];
    const even = follower(isEven);
    const odd = follower((event) => !isEven(event));
    const note = (event: unknown): void => void all.push(String(event));
    const probe: readonly Probe[] = [even.probe, { accepted: ({ event }) => note(event) }, odd.probe];
    const processor = createProcessor<number>(() => undefined, { probe });
    for (const event of [1, 2]) processor.trySend(event);
    expect(all).toStrictEqual(['1', '2']);
    expect(even.lines).toStrictEqual(['accepted 2', 'started 2', 'handled 2']);
    expect(odd.lines).toStrictEqual(['accepted 1', 'started 1', 'handled 1']);
  });

  it('puts something around the calls of those that it follows only', () => {
    const lines: string[] = [];
    const probe: Probe = {
      attached: () => ({ samples: isEven }),
      around: ({ event }, call) => {
        lines.push(`around ${String(event)}`);
        return call();
      },
    };
    const processor = createProcessor<number>((event) => void lines.push(`handler ${event}`), { probe });
    for (const event of [1, 2]) processor.trySend(event);
    expect(lines).toStrictEqual(['handler 1', 'around 2', 'handler 2']);
  });

  it(
    'follows a batch of which it follows an event',
    virtualTest(async ({ time }) => {
      const batches: (readonly unknown[])[] = [];
      const probe: Probe = {
        attached: () => ({ samples: (event) => event === 2 }),
        around: ({ event, members }, call) => {
          batches.push([event, members?.map((member) => member.event)]);
          return call();
        },
      };
      const processor = createProcessor<number>(async () => {}, { probe, batch: { maxSize: 2 } });
      for (const event of [1, 2, 3, 4]) processor.trySend(event);
      await time.settle();
      expect(batches).toStrictEqual([
        [
          [1, 2],
          [1, 2],
        ],
      ]);
    }),
  );

  it('harms no event when it throws, and is reported', () => {
    const errors: ReportedError[] = [];
    const error = new Error('broken');
    const probe: Probe = {
      attached: () => ({
        samples: () => {
          throw error;
        },
      }),
    };
    const processor = createProcessor<number>(() => undefined, { probe });
    processor.errors.subscribe((reported) => errors.push(reported));
    processor.trySend(1);
    expect(processor.stats()).toMatchObject({ handled: 1 });
    expect(errors).toMatchObject([{ kind: 'probe', error }]);
  });

  it('changes no count, whatever it follows', async () => {
    const handler = async (event: number): Promise<void> => {
      if (event % 5 === 0) throw new Error('no');
    };
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(30)), fc.func(fc.boolean()), async (events, follows) => {
        const { probe, lines } = follower((event) => follows(event));
        const watched = createProcessor<number>(handler, { probe, concurrency: 3, capacity: 5 });
        const bare = createProcessor<number>(handler, { concurrency: 3, capacity: 5 });
        for (const event of events) await Promise.all([watched.send(event), bare.send(event)]);
        await Promise.all([watched.drain(), bare.drain()]);
        expect(watched.stats()).toStrictEqual(bare.stats());
        const followed = events.filter((event) => follows(event));
        expect(lines.filter((line) => line.startsWith('accepted'))).toHaveLength(followed.length);
        expect(lines.filter((line) => line.startsWith('dead'))).toHaveLength(bare.stats().dead);
      }),
    );
  });
});

describe('a probe that minds only what goes wrong', () => {
  it(
    'is told of it, also beside one that follows all',
    virtualTest(async ({ time }) => {
      for (const others of [[], [{}], [{ accepted: () => {} }]] satisfies (readonly Probe[])[]) {
        const lines: string[] = [];
        const note = (what: string) => (handling: Handling) =>
          void lines.push(`${what} ${String(handling.event)} after ${handling.attempts}`);
        const probe: Probe = { retried: note('retried'), burying: note('burying'), dropped: note('dropped') };
        const handler = (event: number) => (event < 3 ? throwError(() => new Error('no')) : timer(10));
        const processor = createProcessor<number>(handler, {
          probe: [probe, ...others],
          retry: { maxAttempts: 2, delayMs: 10 },
          capacity: 1,
          overflow: 'drop-newest',
        });
        processor.trySend(1);
        await time.advance(10);
        for (const event of [3, 4, 5]) processor.trySend(event);
        await time.advance(30);
        expect(lines).toStrictEqual(['retried 1 after 1', 'burying 1 after 2', 'dropped 5 after 0']);
        expect(processor.stats()).toMatchObject({ accepted: 4, handled: 2, dead: 1, dropped: 1, pending: 0 });
      }
    }),
  );
});

describe('a part that a probe is shown', () => {
  it('is the handler of a processor, with its stats, until it closes', () => {
    const parts: Part[] = [];
    const lines: string[] = [];
    const probe: Probe = {
      attached(part) {
        parts.push(part);
        expect(part.stats()).toMatchObject({ name: 'mail', accepted: 0 });
        return { detached: () => void lines.push('detached') };
      },
    };
    const processor = createProcessor<number>(() => undefined, { name: 'mail', probe });
    processor.trySend(1);
    const [part] = parts as HandlerPart[];
    expect(parts).toHaveLength(1);
    expect(part).toMatchObject({ kind: 'handler', name: 'mail' });
    expect(part).not.toHaveProperty('owner');
    expect(part!.listensTo()).toStrictEqual([]);
    expect(part!.stats()).toStrictEqual(processor.stats());
    expect(lines).toStrictEqual([]);
    processor.close();
    processor.close();
    expect(lines).toStrictEqual(['detached']);
  });

  it('is the same in every handling', () => {
    const parts = new Set<Part>();
    const probe: Probe = {
      attached: (part) => void parts.add(part),
      started: ({ part, handler }) => {
        parts.add(part);
        expect(handler).toBe(part.name);
      },
    };
    createProcessor<number>(() => undefined, { probe }).trySend(1);
    expect(parts.size).toBe(1);
  });
});

describe('the headers that a probe adds to a letter', () => {
  it('are kept with it, and seen again when it is redriven', async () => {
    const origins: unknown[] = [];
    let isBroken = true;
    const probe: Probe = {
      burying: ({ event, attempts }, error) => ({ note: `${String(event)} after ${attempts}: ${String(error)}` }),
      started: ({ origin }) => void origins.push(origin?.headers),
    };
    const other: Probe = { burying: () => ({ more: 'yes' }) };
    const handler = (): unknown => (isBroken ? throwError(() => 'no') : undefined);
    const processor = createProcessor<number>(handler, { name: 'mail', probe: [probe, {}, other] });
    processor.trySend(7);
    const headers = { note: '7 after 1: no', more: 'yes' };
    expect(await processor.deadLetters.list()).toMatchObject([{ headers }]);
    isBroken = false;
    await processor.deadLetters.redrive();
    expect(origins).toStrictEqual([undefined, headers]);
    expect(processor.stats()).toMatchObject({ accepted: 1, redriven: 1, handled: 1, dead: 1 });
  });

  it('are none where it adds none', async () => {
    const processor = createProcessor<number>(() => throwError(() => 'no'), { probe: {} });
    processor.trySend(7);
    const [letter] = await processor.deadLetters.list();
    expect(letter).not.toHaveProperty('headers');
  });
});
