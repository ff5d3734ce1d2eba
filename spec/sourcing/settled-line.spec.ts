import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Place, SettledLine } from '../../lib/sourcing/settled-line.ts';

const place = (position: number): Place => ({ checkpoint: String(position), position });

it('comes as far as all is settled, whatever is settled behind', () => {
  const line = new SettledLine(undefined);
  const [settle1, settle2, settle3] = [1, 2, 3].map((position) => line.add(place(position)));
  expect(line.reached).toBeUndefined();
  expect(settle2!()).toBe(false);
  expect(line.reached).toBeUndefined();
  expect(settle1!()).toBe(true);
  expect(line.reached).toStrictEqual(place(2));
  expect(settle3!()).toBe(true);
  expect(line.reached).toStrictEqual(place(3));
  expect(line.isSettled).toBe(true);
});

it('begins where it was', () => {
  const line = new SettledLine(place(7));
  expect([line.reached, line.end, line.isSettled]).toStrictEqual([place(7), place(7), true]);
});

it('skips stretches without events, at once or behind those that are not settled', () => {
  const line = new SettledLine(undefined);
  line.skipTo(place(4));
  expect(line.reached).toStrictEqual(place(4));
  const settle = line.add(place(5));
  line.skipTo(place(9));
  expect([line.reached, line.end]).toStrictEqual([place(4), place(9)]);
  expect(settle()).toBe(true);
  expect(line.reached).toStrictEqual(place(9));
});

it('does not move when it is told again of where it is', () => {
  const line = new SettledLine(place(3));
  const { reached } = line;
  line.skipTo(place(3));
  expect(line.reached).toBe(reached);
});

it('never goes back in positions, though a checkpoint may come with an older one', () => {
  const line = new SettledLine(place(3));
  const settle = line.add(place(8));
  line.skipTo({ checkpoint: 'later', position: 3 });
  settle();
  expect(line.reached).toStrictEqual({ checkpoint: 'later', position: 8 });
});

it('keeps no more than one stretch behind an event that takes its time', () => {
  const line = new SettledLine(undefined);
  const settle = line.add(place(1));
  for (let position = 2; position < 1_000; position++) line.skipTo(place(position));
  expect(line.added - line.passed).toBe(2);
  settle();
  expect(line.reached).toStrictEqual(place(999));
  expect(line.passed).toBe(line.added);
});

it('never passes an event that is not settled, and always all that are', () => {
  const step = fc.oneof(
    fc.constant({ kind: 'add' as const }),
    fc.constant({ kind: 'skip' as const }),
    fc.record({ kind: fc.constant('settle' as const), which: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const line = new SettledLine(undefined);
      const open = new Map<number, () => boolean>();
      let position = 0;
      for (const { kind, ...rest } of steps) {
        if (kind === 'add') open.set(++position, line.add(place(position)));
        else if (kind === 'skip') line.skipTo(place(++position));
        else if (open.size > 0) {
          const chosen = [...open.keys()][(rest as { which: number }).which % open.size]!;
          const before = line.reached;
          const hasMoved = open.get(chosen)!();
          open.delete(chosen);
          expect(hasMoved).toBe(line.reached !== before);
        }
        const firstOpen = Math.min(...open.keys(), position + 1);
        expect(line.reached?.position ?? 0).toBeLessThan(firstOpen);
        // Up to the open one, or to the stretch before it.
        expect(line.reached?.position ?? 0).toBe(firstOpen - 1);
        expect(line.isSettled).toBe(open.size === 0);
        expect(line.end?.position ?? 0).toBe(position);
      }
    }),
  );
});
