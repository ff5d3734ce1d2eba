import * as fc from 'fast-check';
import { createEventBus, createUuidV7, randomId } from 'millrace';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Tick } from '../support/events.ts';

const UUID = /^[\da-f]{8}-[\da-f]{4}-([47])[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/u;

afterEach(() => vi.unstubAllGlobals());

describe('randomId', () => {
  it('is a UUID of version 4', () => {
    expect(UUID.exec(randomId())?.[1]).toBe('4');
  });

  it('works where a browser page is not secure, and crypto has no randomUUID', () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
    const ids = Array.from({ length: 100 }, randomId);
    for (const id of ids) expect(UUID.exec(id)?.[1]).toBe('4');
    expect(new Set(ids).size).toBe(100);
  });
});

describe('createUuidV7', () => {
  it('is a UUID of version 7 that begins with the milliseconds', () => {
    const id = createUuidV7()(0x0123_4567_89ab);
    expect(UUID.exec(id)?.[1]).toBe('7');
    expect(id.slice(0, 13)).toBe('01234567-89ab');
  });

  it('always sorts in the order in which the ids were made, while time does not go back', () => {
    // A run of thousands within a millisecond uses up the counter, which then borrows from the time.
    const ids = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 2_000, max: 5_000 }));
    fc.assert(
      fc.property(fc.array(fc.record({ laterBy: fc.nat(3), ids }), { maxLength: 5 }), (runs) => {
        const createId = createUuidV7();
        let time = 1_700_000_000_000;
        let last = '';
        for (const run of runs) {
          time += run.laterBy;
          for (let made = 0; made < run.ids; made++) {
            const id = createId(time);
            if (id <= last) throw new Error(`${id} after ${last}`);
            last = id;
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it('takes a time with a fraction', () => {
    expect(createUuidV7()(1.75).slice(0, 13)).toBe('00000000-0001');
  });

  it('is a UUID for any time, also one that has no place in it', () => {
    const createId = createUuidV7();
    for (const time of [0, -1, 2 ** 48, 2 ** 50 + 7]) expect(UUID.exec(createId(time))?.[1]).toBe('7');
  });

  it('shares no random bits between ids', () => {
    const createId = createUuidV7();
    const ends = Array.from({ length: 1_000 }, () => createId(1_700_000_000_000).slice(18));
    expect(new Set(ends).size).toBe(1_000);
  });

  it('gives the messages of a bus ids that sort by their time', () => {
    const bus = createEventBus({ createId: createUuidV7() });
    const ids: string[] = [];
    bus.on(Tick, ({ id }) => void ids.push(id));
    for (let count = 0; count < 100; count++) bus.emit(Tick, count);
    expect(ids.toSorted()).toStrictEqual(ids);
  });
});
