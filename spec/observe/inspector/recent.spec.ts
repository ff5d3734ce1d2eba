import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentCount } from '../../../lib/observe/inspector/recent-count.ts';
import { RecentDurations } from '../../../lib/observe/inspector/recent-durations.ts';

/** When things happen: milliseconds from one to the next. */
const gaps = fc.array(fc.nat(20_000), { maxLength: 40 });

function timesOf(steps: readonly number[], start: number): readonly number[] {
  let now = start;
  return steps.map((step) => (now += step));
}

describe('recent durations', () => {
  it('have all of the last half a minute, and nothing that is older than a minute', () => {
    fc.assert(
      fc.property(gaps, fc.nat(100_000), fc.nat(100_000), (steps, start, later) => {
        const recent = new RecentDurations(start);
        const times = timesOf(steps, start);
        for (const time of times) recent.add(1, 1, time);
        const now = (times.at(-1) ?? start) + later;
        const { count } = recent.percentiles(now);
        expect(count).toBeGreaterThanOrEqual(times.filter((time) => time > now - 30_000).length);
        expect(count).toBeLessThanOrEqual(times.filter((time) => time > now - 60_000).length);
      }),
    );
  });

  it('take a duration that a clock which was set back has given for none', () => {
    const recent = new RecentDurations(1_000);
    recent.add(-5, 1, 900);
    expect(recent.percentiles(900)).toStrictEqual({ count: 1, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 });
  });
});

describe('a recent count', () => {
  it('has all of the last 55 seconds, and nothing that is older than a minute', () => {
    fc.assert(
      fc.property(gaps, fc.nat(100_000), fc.nat(100_000), (steps, start, later) => {
        const recent = new RecentCount(start);
        const times = timesOf(steps, start);
        for (const time of times) recent.add(time);
        const now = (times.at(-1) ?? start) + later;
        expect(recent.count(now)).toBeGreaterThanOrEqual(times.filter((time) => time > now - 55_000).length);
        expect(recent.count(now)).toBeLessThanOrEqual(times.filter((time) => time > now - 60_000).length);
      }),
    );
  });
});
