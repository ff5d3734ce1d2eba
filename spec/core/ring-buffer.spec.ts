import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RingBuffer } from '../../lib/core/ring-buffer.ts';
import { countAlive } from '../support/garbage.ts';

describe('RingBuffer', () => {
  it('gives undefined while it is empty, and goes on', () => {
    const ring = new RingBuffer<string>();
    expect(ring.shift()).toBeUndefined();
    ring.push('a');
    expect(ring.shift()).toBe('a');
    expect(ring.shift()).toBeUndefined();
    expect(ring.size).toBe(0);
  });

  it('keeps the order when it grows while its head is in the middle', () => {
    const ring = new RingBuffer<number>();
    for (let item = 0; item < 16; item++) ring.push(item);
    for (let item = 0; item < 9; item++) ring.shift();
    for (let item = 16; item < 100; item++) ring.push(item);
    const rest = Array.from({ length: ring.size }, () => ring.shift());
    expect(rest).toEqual(Array.from({ length: 91 }, (_, index) => index + 9));
  });

  it('counts what is undefined like anything else', () => {
    const ring = new RingBuffer<undefined>();
    ring.push(undefined);
    expect(ring.size).toBe(1);
    ring.shift();
    expect(ring.size).toBe(0);
  });

  it('gives the last one back too, and undefined while it is empty', () => {
    const ring = new RingBuffer<string>();
    expect(ring.pop()).toBeUndefined();
    for (const item of 'abc') ring.push(item);
    expect([ring.pop(), ring.shift(), ring.size]).toEqual(['c', 'a', 1]);
    ring.push('d');
    expect([ring.shift(), ring.pop(), ring.pop(), ring.size]).toEqual(['b', 'd', undefined, 0]);
  });

  it('holds on to nothing that it gave back', async () => {
    const ring = new RingBuffer<object>();
    const items = Array.from({ length: 1_000 }, (_, index) => {
      const item = { index };
      ring.push(item);
      return new WeakRef<object>(item);
    });
    for (let index = 0; index < 500; index++) {
      ring.shift();
      ring.pop();
    }
    // Code that is being optimized may keep one for a while.
    expect(await countAlive(items)).toBeLessThan(5);
    expect(ring.size).toBe(0);
  });

  it('is a first-in-first-out queue, whatever the steps', () => {
    // Runs of pushes and shifts, so that it wraps around and grows.
    const steps = fc.array(fc.integer({ min: -40, max: 40 }), { maxLength: 40 });
    fc.assert(
      fc.property(steps, (runs) => {
        const ring = new RingBuffer<number>();
        const model: number[] = [];
        let next = 0;
        for (const run of runs) {
          for (let count = 0; count < run; count++) {
            ring.push(next);
            model.push(next++);
          }
          for (let count = 0; count > run; count--) expect(ring.shift()).toBe(model.shift());
          expect(ring.size).toBe(model.length);
        }
      }),
    );
  });
});
