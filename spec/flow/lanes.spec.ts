import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Lane, Lanes } from '../../lib/flow/lanes.ts';
import { countAlive } from '../support/garbage.ts';

/** Lanes that are told keys and items instead of lanes and tickets. */
class KeyedLanes {
  readonly lanes = new Lanes<string>();
  readonly #out = new Map<unknown, Lane<string>>();

  push(key: unknown, item: string): void {
    this.lanes.push(key, item);
  }

  shift(): string | undefined {
    const ticket = this.lanes.shift();
    if (ticket === undefined) return undefined;
    this.#out.set(ticket.lane.key, ticket.lane);
    return ticket.item;
  }

  shiftBehind(key: unknown): string | undefined {
    const lane = this.#out.get(key);
    return lane && this.lanes.shiftBehind(lane)?.item;
  }

  release(key: unknown): void {
    const lane = this.#out.get(key);
    this.#out.delete(key);
    if (lane !== undefined) this.lanes.release(lane);
  }

  dropOldest(): string | undefined {
    return this.lanes.dropOldest();
  }

  dropFirst(key: unknown): string | undefined {
    return this.lanes.dropFirst(key);
  }

  has(key: unknown): boolean {
    return this.lanes.has(key);
  }

  current(key: unknown): string | undefined {
    return this.lanes.current(key);
  }

  fullest(count: number): unknown {
    return this.lanes.fullest(count);
  }

  get size(): number {
    return this.lanes.size;
  }
}

/** Items whose first letter is their key. */
function lanesOf(...items: string[]): KeyedLanes {
  const lanes = new KeyedLanes();
  for (const item of items) lanes.push(item[0], item);
  return lanes;
}

describe('Lanes', () => {
  it('hands out one item of a key, and the next after its release', () => {
    const lanes = lanesOf('a1', 'a2');
    expect(lanes.shift()).toBe('a1');
    expect(lanes.shift()).toBeUndefined();
    lanes.release('a');
    expect(lanes.shift()).toBe('a2');
  });

  it('lets the other keys flow on while one is busy', () => {
    const lanes = lanesOf('a1', 'a2', 'b1', 'c1');
    expect([lanes.shift(), lanes.shift(), lanes.shift()]).toEqual(['a1', 'b1', 'c1']);
  });

  it('lets lanes take turns, so that a full one starves nobody', () => {
    const lanes = lanesOf('a1', 'a2', 'a3', 'b1');
    expect(lanes.shift()).toBe('a1');
    lanes.release('a');
    expect(lanes.shift()).toBe('b1');
    expect(lanes.shift()).toBe('a2');
  });

  it('compares keys as a Map does', () => {
    const lanes = new KeyedLanes();
    lanes.push(NaN, 'first');
    lanes.push(NaN, 'second');
    lanes.push('1', 'text');
    lanes.push(1, 'number');
    expect([lanes.shift(), lanes.shift(), lanes.shift(), lanes.shift()]).toEqual([
      'first',
      'text',
      'number',
      undefined,
    ]);
  });

  it('forgets a lane as soon as nothing of its key waits or is out', () => {
    const lanes = lanesOf('a1');
    expect(lanes.has('a')).toBe(true);
    lanes.shift();
    expect(lanes.has('a')).toBe(true);
    lanes.release('a');
    expect(lanes.has('a')).toBe(false);
    expect(lanes.fullest(5)).toEqual([]);
  });

  it('knows which item of a key is out', () => {
    const lanes = lanesOf('a1', 'a2');
    expect(lanes.current('a')).toBeUndefined();
    lanes.shift();
    expect(lanes.current('a')).toBe('a1');
    lanes.release('a');
    expect(lanes.current('a')).toBeUndefined();
  });

  it('drops the item that has waited longest, in whichever lane', () => {
    const lanes = lanesOf('a1', 'b1', 'a2');
    lanes.shift();
    expect(lanes.dropOldest()).toBe('b1');
    expect(lanes.dropOldest()).toBe('a2');
    expect(lanes.dropOldest()).toBeUndefined();
    expect(lanes.size).toBe(0);
  });

  it('drops the first waiting item of a key, not the one that is out', () => {
    const lanes = lanesOf('a1', 'a2', 'a3', 'b1');
    lanes.shift();
    expect(lanes.dropFirst('a')).toBe('a2');
    expect(lanes.dropFirst('c')).toBeUndefined();
    lanes.release('a');
    expect([lanes.shift(), lanes.shift()]).toEqual(['b1', 'a3']);
  });

  it('goes on with a lane that was emptied and filled again', () => {
    const lanes = lanesOf('a1');
    lanes.dropOldest();
    expect(lanes.has('a')).toBe(false);
    lanes.push('a', 'a2');
    expect(lanes.shift()).toBe('a2');
    lanes.push('a', 'a3');
    expect(lanes.shift()).toBeUndefined();
  });

  it('hands out more of a lane of which one is out, if it is asked to', () => {
    const lanes = lanesOf('a1', 'a2', 'b1', 'a3');
    expect([lanes.shift(), lanes.shiftBehind('a'), lanes.shiftBehind('a'), lanes.shiftBehind('a')]).toEqual([
      'a1',
      'a2',
      'a3',
      undefined,
    ]);
    expect(lanes.size).toBe(1);
    lanes.push('a', 'a4');
    expect([lanes.shift(), lanes.shift()]).toEqual(['b1', undefined]);
    lanes.release('a');
    expect(lanes.shift()).toBe('a4');
  });

  it('shows the fullest lanes first, what is out included', () => {
    const lanes = lanesOf('a1', 'b1', 'b2', 'b3', 'c1', 'c2');
    lanes.shift();
    expect(lanes.fullest(2)).toEqual([
      { key: 'b', pending: 3 },
      { key: 'c', pending: 2 },
    ]);
    expect(lanes.fullest(9)).toContainEqual({ key: 'a', pending: 1 });
  });

  it('counts all that are out of a lane', () => {
    const lanes = lanesOf('a1', 'a2', 'a3', 'a4');
    lanes.shift();
    lanes.shiftBehind('a');
    expect(lanes.fullest(1)).toEqual([{ key: 'a', pending: 4 }]);
    lanes.release('a');
    expect(lanes.fullest(1)).toEqual([{ key: 'a', pending: 2 }]);
  });

  it.each([
    { lanes: 'whose items are done', end: (lanes: KeyedLanes, key: object) => [lanes.shift(), lanes.release(key)] },
    { lanes: 'whose items were dropped before their turn', end: (lanes: KeyedLanes) => lanes.dropOldest() },
    { lanes: 'that were cleared', end: (lanes: KeyedLanes, key: object) => lanes.dropFirst(key) },
  ])('keeps no trace of lanes $lanes', async ({ end }) => {
    const lanes = new KeyedLanes();
    const keys: WeakRef<object>[] = [];
    (function flood(): void {
      for (let index = 0; index < 1_000; index++) {
        const key = { index };
        keys.push(new WeakRef(key));
        lanes.push(key, 'item');
        end(lanes, key);
      }
    })();
    expect(await countAlive(keys)).toBeLessThan(100);
    // Still in use, so that it was not collected as a whole.
    expect(lanes.size).toBe(0);
  });

  it('behaves as its model does, whatever the steps', () => {
    const key = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('push' as const), key }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('shift' as const), key }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('shiftBehind' as const), key }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('release' as const), key }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('dropOldest' as const), key }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('dropFirst' as const), key }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const lanes = new KeyedLanes();
        const model = new LanesModel();
        for (const [index, { do: name, key: of }] of steps.entries()) {
          const item = `${of}${index}`;
          if (name === 'push') lanes.push(of, item);
          const result = name === 'push' || name === 'release' ? undefined : lanes[name](of);
          if (name === 'release') lanes.release(of);
          expect(result).toBe(model[name](of, item));
          expect(lanes.size).toBe(model.waiting.length);
          expect(lanes.lanes.readySize).toBe(model.readySize);
          expect([...lanes.lanes.readyHeads()]).toEqual(model.readyHeads);
          expect(lanes.fullest(9)).toEqual(expect.arrayContaining(model.pending));
          expect(lanes.has(of)).toBe(model.has(of));
          expect(lanes.current(of)).toBe(model.out.get(of));
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** The same by plain arrays. */
class LanesModel {
  /** By age. */
  waiting: string[] = [];
  /** The keys whose turn it will be. */
  turns: string[] = [];
  readonly out = new Map<string, string>();
  /** How many are out. */
  readonly outOf = new Map<string, number>();

  push(key: string, item: string): undefined {
    this.waiting.push(item);
    this.#queueUp(key);
  }

  shift(): string | undefined {
    const key = this.turns.shift();
    if (key === undefined) return undefined;
    const item = this.#take((waiting) => waiting[0] === key)!;
    this.out.set(key, item);
    this.outOf.set(key, 1);
    return item;
  }

  shiftBehind(key: string): string | undefined {
    const item = this.out.has(key) ? this.#take((waiting) => waiting[0] === key) : undefined;
    if (item !== undefined) this.outOf.set(key, this.outOf.get(key)! + 1);
    return item;
  }

  get readySize(): number {
    return this.waiting.filter((item) => !this.out.has(item[0]!)).length;
  }

  get readyHeads(): (string | undefined)[] {
    return this.turns.map((key) => this.waiting.find((item) => item[0] === key));
  }

  get pending(): { key: string; pending: number }[] {
    const keys = ['a', 'b', 'c'].filter((key) => this.has(key));
    return keys.map((key) => {
      const waiting = this.waiting.filter((item) => item[0] === key).length;
      return { key, pending: waiting + (this.outOf.get(key) ?? 0) };
    });
  }

  release(key: string): undefined {
    if (!this.out.delete(key)) return;
    this.outOf.delete(key);
    if (this.waiting.some((item) => item[0] === key)) this.#queueUp(key);
  }

  dropOldest(): string | undefined {
    return this.#drop(() => true);
  }

  dropFirst(key: string): string | undefined {
    return this.#drop((item) => item[0] === key);
  }

  has(key: string): boolean {
    return this.out.has(key) || this.waiting.some((item) => item[0] === key);
  }

  #drop(which: (item: string) => boolean): string | undefined {
    const item = this.#take(which);
    if (item !== undefined && !this.waiting.some((other) => other[0] === item[0])) {
      this.turns = this.turns.filter((key) => key !== item[0]);
    }
    return item;
  }

  #take(which: (item: string) => boolean): string | undefined {
    const index = this.waiting.findIndex((item) => which(item));
    return index < 0 ? undefined : this.waiting.splice(index, 1)[0];
  }

  #queueUp(key: string): void {
    if (!this.out.has(key) && !this.turns.includes(key)) this.turns.push(key);
  }
}
