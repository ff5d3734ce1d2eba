import { marbles } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { type Path, PATHS } from '../support/paths.ts';
import { playing, watch } from '../support/watch.ts';

describe('a paused processor', () => {
  it.each(PATHS)(
    'takes events and starts none; when it is resumed they start in order ($path)',
    marbles((m, { via }: Path) => {
      const events = '  a-b-c------d';
      const pause = '   -p----------';
      const resume = '  ------r-----';
      const started = ' a-----(bc)-d';
      const { processor, started$, [via]: send } = watch(playing(m, {}), { scheduler: m.scheduler });
      m.hot(events).subscribe(send);
      m.hot(pause).subscribe(() => processor.pause());
      m.hot(resume).subscribe(() => processor.resume());
      m.expect(started$).toBeObservable(started);
    }),
  );

  it.each(PATHS)(
    'lets the attempt in progress end, or run out of its time ($path)',
    marbles((m, { via }: Path) => {
      const events = '  ab';
      const pause = '   --p';
      const letters = ' -----L';
      const {
        processor,
        letters$,
        [via]: send,
      } = watch(playing(m, { a: '---|', b: '-' }), {
        concurrency: 2,
        timeoutMs: 4,
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.hot(pause).subscribe(() => processor.pause());
      m.expect(letters$).toBeObservable(letters, { L: 'b timeout' });
      m.flush();
      expect(processor.stats()).toMatchObject({ state: 'paused', handled: 1, dead: 1, pending: 0 });
    }),
  );

  it.each(PATHS)(
    'makes an attempt whose delay is over meanwhile when it is resumed ($path)',
    marbles((m, { via }: Path) => {
      const events = '  a';
      const pause = '   -p';
      const resume = '  -----r';
      const started = ' a----a';
      const {
        processor,
        started$,
        [via]: send,
      } = watch(playing(m, { a: ['#', '|'] }), {
        retry: { delayMs: 2 },
        scheduler: m.scheduler,
      });
      m.hot(events).subscribe(send);
      m.hot(pause).subscribe(() => processor.pause());
      m.hot(resume).subscribe(() => processor.resume());
      m.expect(started$).toBeObservable(started);
    }),
  );

  it(
    'keeps to its concurrency when it is resumed',
    marbles((m) => {
      const events = '  (abc)--';
      const pause = '   p------';
      const resume = '  ------r--';
      const started = ' ------(ab)';
      const { processor, started$, send } = watch(playing(m, { a: '-', b: '-' }), {
        concurrency: 2,
        scheduler: m.scheduler,
      });
      m.hot(pause).subscribe(() => processor.pause());
      m.hot(events).subscribe(send);
      m.hot(resume).subscribe(() => processor.resume());
      m.expect(started$).toBeObservable(started);
    }),
  );

  it(
    'finishes what waits when it is drained',
    marbles((m) => {
      const events = '  -a';
      const pause = '   p';
      const drain = '   ---d';
      const ended = '   ----A';
      const { processor, ended$, send } = watch(playing(m, { a: '-|' }), { scheduler: m.scheduler });
      m.hot(events).subscribe(send);
      m.hot(pause).subscribe(() => processor.pause());
      m.hot(drain).subscribe(() => void processor.drain());
      m.expect(ended$).toBeObservable(ended, { A: 'a handled' });
    }),
  );

  it.each(PATHS)('may be paused by its own handler ($path)', ({ via }) => {
    const { processor, [via]: send } = watch<string>((): void => processor.pause(), {});
    expect([send('a'), send('b')]).toEqual([true, true]);
    expect(processor.stats()).toMatchObject({ state: 'paused', handled: 1, waiting: 1 });
    processor.resume();
    expect(processor.stats()).toMatchObject({ state: 'paused', handled: 2, waiting: 0 });
  });

  it('is shown in stats', () => {
    const { processor } = watch<string>(() => undefined, {});
    expect(processor.stats().state).toBe('open');
    processor.pause();
    processor.pause();
    expect(processor.stats().state).toBe('paused');
    processor.resume();
    processor.resume();
    expect(processor.stats().state).toBe('open');
  });

  it('stays closed when it is: neither pause nor resume opens it', () => {
    const { processor, send } = watch<string>(() => undefined, {});
    processor.close();
    processor.pause();
    processor.resume();
    expect(processor.stats().state).toBe('closed');
    expect(send('a')).toBe(false);
  });

  it.each(PATHS)('calls an idle handler at once again after it was resumed ($path)', ({ via }) => {
    const seen: string[] = [];
    const { processor, [via]: send } = watch<string>((event) => seen.push(event), {});
    processor.pause();
    processor.resume();
    send('a');
    expect(seen).toEqual(['a']);
  });
});
