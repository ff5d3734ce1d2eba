import { describe, expect, it } from 'vitest';
import { Sampler } from '../../../lib/observe/inspector/sampler.ts';
import { seededRandom } from '../../../lib/testing/virtual/seeded-random.ts';

/** Offers events, so many a millisecond, from a time on. @returns which of them were measured */
function offer(sampler: Sampler, events: number, perMs: number, start = 0): readonly number[] {
  const measured: number[] = [];
  for (let event = 0; event < events; event++) {
    if (!sampler.next()) continue;
    measured.push(event);
    sampler.heed(start + event / perMs);
  }
  return measured;
}

describe('a sampler', () => {
  it.each([0.001, 0.1, 0.9])('measures every event where %d come in a millisecond', (perMs) => {
    expect(offer(new Sampler(0, Math.random), 3_000, perMs)).toHaveLength(3_000);
  });

  it.each([5, 40, 200])('measures about one event a millisecond where %d come', (perMs) => {
    const sampler = new Sampler(0, seededRandom(1));
    const measured = offer(sampler, perMs * 10_000, perMs);
    expect(measured.length / 10_000).toBeGreaterThan(0.8);
    expect(measured.length / 10_000).toBeLessThan(1.2);
    expect(sampler.oneIn / perMs).toBeCloseTo(1, 0);
  });

  it('measures at least one in 256, however many come', () => {
    const sampler = new Sampler(0, seededRandom(1));
    offer(sampler, 1_000, 10_000);
    const measured = offer(sampler, 256_000, 10_000, 1);
    expect(sampler.oneIn).toBe(256);
    expect(measured.length).toBeGreaterThan(900);
    expect(measured.length).toBeLessThan(1_100);
  });

  it('takes a moment in which all comes at once for a high rate, and no longer than that', () => {
    const sampler = new Sampler(5, seededRandom(1));
    expect(offer(sampler, 256, Infinity, 5)).toHaveLength(256);
    expect(sampler.oneIn).toBe(256);
    sampler.beginAnew(6);
    expect(sampler.oneIn).toBe(1);
    expect(offer(sampler, 100, 1, 7)).toHaveLength(100);
  });

  it('has its events at odd distances, so that no rhythm of their source is that of the measurement', () => {
    const sampler = new Sampler(0, seededRandom(1));
    offer(sampler, 10_000, 16);
    expect(sampler.oneIn).toBe(16);
    const measured = offer(sampler, 100_000, 16, 1_000);
    const byRhythm = Array.from({ length: 16 }, (_, beat) => measured.filter((event) => event % 16 === beat).length);
    expect(Math.min(...byRhythm)).toBeGreaterThan(measured.length / 16 / 2);
    expect(Math.max(...byRhythm)).toBeLessThan((measured.length / 16) * 2);
  });

  it('goes on where the clock was set back', () => {
    const sampler = new Sampler(1_000_000, seededRandom(1));
    expect(offer(sampler, 200, 1, 0)).toHaveLength(200);
  });
});
