import { describe, expect, it, vi } from 'vitest';
import { whenAborted } from '../../lib/core/when-aborted.ts';

describe('whenAborted', () => {
  it('tells everybody who waits for a signal, once, by one listener', () => {
    const controller = new AbortController();
    const listening = vi.spyOn(controller.signal, 'addEventListener');
    const told: number[] = [];
    for (let n = 0; n < 12; n++) whenAborted(controller.signal, () => told.push(n));
    expect(told).toEqual([]);
    controller.abort();
    controller.abort();
    expect(told).toEqual(Array.from({ length: 12 }, (_, n) => n));
    expect(listening).toHaveBeenCalledTimes(1);
  });

  it('tells nobody who has taken it back, but those who come later', () => {
    const controller = new AbortController();
    const told: string[] = [];
    const takeBack = whenAborted(controller.signal, () => told.push('gone'));
    takeBack();
    whenAborted(controller.signal, () => told.push('there'));
    controller.abort();
    expect(told).toEqual(['there']);
  });

  it('keeps signals apart', () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const told: string[] = [];
    whenAborted(one.signal, () => told.push('one'));
    whenAborted(other.signal, () => told.push('other'));
    other.abort();
    expect(told).toEqual(['other']);
  });

  it('leaves nothing on a signal for which nobody waits any more, and listens anew', () => {
    const controller = new AbortController();
    const [add, remove] = [
      vi.spyOn(controller.signal, 'addEventListener'),
      vi.spyOn(controller.signal, 'removeEventListener'),
    ];
    const told: string[] = [];
    const takeBacks = ['one', 'other'].map((name) => whenAborted(controller.signal, () => told.push(name)));
    takeBacks[0]!();
    expect(remove).not.toHaveBeenCalled();
    takeBacks[1]!();
    expect(remove.mock.calls[0]?.slice(0, 2)).toEqual(add.mock.calls[0]?.slice(0, 2));
    whenAborted(controller.signal, () => told.push('third'));
    takeBacks[1]!();
    whenAborted(controller.signal, () => told.push('fourth'));
    expect(add).toHaveBeenCalledTimes(2);
    controller.abort();
    expect(told).toEqual(['third', 'fourth']);
  });

  it('tells the others, too, when one throws', () => {
    const { signal } = new AbortController();
    let abort: (() => void) | undefined;
    // An abort would throw it where nobody can catch it.
    vi.spyOn(signal, 'addEventListener').mockImplementation((_type, tell) => (abort = tell as () => void));
    const told: number[] = [];
    for (const n of [1, 2, 3]) {
      whenAborted(signal, () => {
        told.push(n);
        if (n === 1) throw new Error('broken');
      });
    }
    expect(abort).toThrow('broken');
    expect(told).toEqual([1, 2, 3]);
  });
});
