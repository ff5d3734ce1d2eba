import { concat, map, NEVER, type Observable, of, range, take, throwError, timer } from 'rxjs';
import { expect } from 'vitest';
import { MANY } from './many.ts';
import { broken, HastySource, type OperatorForm, RudeSource, Trial, Works } from './operator-trial.ts';
import { SteppedClock } from './stepped-clock.ts';
import { settled } from './virtual-clock.ts';

/** An operator in the compliance list. */
export interface Operator extends OperatorForm {
  readonly name: string;
  /** Whether it does `work` on each item. */
  readonly hasWork?: boolean;
  /** The checks that it fails by design, each with the reason. That it fails them is checked too. */
  readonly exceptions?: Readonly<Partial<Record<CheckName, string>>>;
}

/** What an operator keeps to, in words. */
type CheckName = keyof typeof CHECKS | keyof typeof CHECKS_OF_WORK;

/** One line of the compliance list. */
export interface Check {
  readonly name: string;
  /** Why the operator fails it by design. */
  readonly exception: string | undefined;
  readonly run: () => Promise<void>;
}

/** The compliance list, as it applies to an operator. */
export function checksOf(operator: Operator): Check[] {
  const exceptions: Readonly<Record<string, string>> = operator.exceptions ?? {};
  return Object.entries({ ...CHECKS, ...(operator.hasWork === true && CHECKS_OF_WORK) }).map(([name, check]) => ({
    name,
    exception: exceptions[name],
    run: () => check(operator),
  }));
}

const ENDS = ['complete', 'error'] as const;

const CHECKS = {
  async 'subscribes to its source once, and not before somebody subscribes to it'(operator: Operator): Promise<void> {
    const trial = new Trial(operator);
    const source$ = new RudeSource();
    const result$ = source$.pipe(trial.operator);
    await trial.run();
    expect(source$.subscriptions).toBe(0);
    trial.subscribeTo(result$);
    source$.tell(1, 2, 'complete');
    await trial.run();
    expect(source$.subscriptions).toBe(1);
  },

  async 'passes every item on, in order, and then the completion'(operator: Operator): Promise<void> {
    for (const items of [[], [1], [1, 2, 3, 4, 5, 6, 7]]) {
      const trial = new Trial(operator);
      const source$ = trial.watch();
      for (const item of items) source$.next(item);
      source$.complete();
      await trial.run();
      expect(trial.told).toEqual([...items, 'complete']);
    }
  },

  async 'passes an error on, after the items before it'(operator: Operator): Promise<void> {
    for (const items of [[], [1], [1, 2, 3, 4, 5, 6, 7]]) {
      const trial = new Trial(operator);
      const source$ = trial.watch();
      for (const item of items) source$.next(item);
      source$.error(broken);
      await trial.run();
      expect(trial.told).toEqual([...items, broken]);
    }
  },

  async 'releases its source at once when it is unsubscribed'(operator: Operator): Promise<void> {
    for (const items of [[], [1], [1, 2, 3, 4, 5]]) {
      const trial = new Trial(operator);
      const source$ = trial.watch();
      for (const item of items) source$.next(item);
      expect(source$.observed).toBe(true);
      trial.subscription.unsubscribe();
      expect(source$.observed).toBe(false);
    }
  },

  async 'releases a source that never waits as soon as its reader has enough'(operator: Operator): Promise<void> {
    const trial = new Trial(operator);
    const source$ = new HastySource(1_000);
    trial.subscribeTo(source$.pipe(trial.operator, take(1)));
    await settled();
    expect(trial.told.at(-1)).toBe('complete');
    expect(source$.isReleased).toBe(true);
    expect(source$.produced).toBe(trial.told.length - 1);
  },

  async 'takes what is sent while an item is given out: once, in the order of sending'(
    operator: Operator,
  ): Promise<void> {
    const trial = new Trial(operator);
    const sent: number[] = [];
    const sendThree = (): void => {
      for (let count = 0; count < 3 && sent.length < 30; count++) {
        sent.push(sent.length);
        source$.next(sent.length - 1);
      }
      if (sent.length === 30) source$.complete();
    };
    const source$ = trial.watch(sendThree);
    sendThree();
    await trial.run();
    expect(trial.told).toEqual([...Array(30).keys(), 'complete']);
  },

  async 'tells nothing more when it is unsubscribed while an item is given out'(operator: Operator): Promise<void> {
    const trial = new Trial(operator);
    const source$ = trial.watch(() => {
      trial.subscription.unsubscribe();
      source$.next(0);
    });
    for (const item of [1, 2, 3, 4, 5, 6, 7]) source$.next(item);
    source$.complete();
    await trial.run();
    expect(trial.values).toBe(1);
    expect(trial.hasEnded).toBe(false);
    expect(source$.observed).toBe(false);
  },

  async 'tells one end, and nothing after it, whatever its source does'(operator: Operator): Promise<void> {
    for (const end of ENDS) {
      const trial = new Trial(operator);
      const source$ = new RudeSource();
      trial.subscribeTo(source$.pipe(trial.operator));
      source$.tell(1, end, 2, 'complete', 'error', 3);
      await trial.run();
      source$.tell(4, 'error', 'complete');
      await trial.run();
      expect(trial.told).toHaveLength(2);
      expect(trial.told[0]).toBe(1);
      expect(trial.hasEnded).toBe(true);
    }
  },

  async 'tells nothing after it was unsubscribed, whatever its source does'(operator: Operator): Promise<void> {
    for (const end of ENDS) {
      const trial = new Trial(operator);
      const source$ = new RudeSource();
      trial.subscribeTo(source$.pipe(trial.operator));
      source$.tell(1, 2, 3, 4);
      const before = [...trial.told];
      trial.subscription.unsubscribe();
      source$.tell(5, 6, 7, end);
      await trial.run();
      expect(trial.told).toEqual(before);
    }
  },

  async 'leaves no timer when it has ended'(operator: Operator): Promise<void> {
    for (const end of ENDS) {
      const trial = new Trial(operator);
      const source$ = new RudeSource();
      trial.subscribeTo(source$.pipe(trial.operator));
      source$.tell(1, 2, 3, 4, 5, end);
      await trial.runToEnd();
      expect(trial.hasEnded).toBe(true);
      expect(trial.clock.actions).toHaveLength(0);
    }
  },

  async 'leaves no timer when it is unsubscribed, at whatever moment'(operator: Operator): Promise<void> {
    for (const moves of [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 'complete'] as const, [1, 2, 3, 4, 5, 'error'] as const]) {
      for (let moment = 0; moment < 8; moment++) {
        const trial = new Trial(operator);
        const source$ = new RudeSource();
        trial.subscribeTo(source$.pipe(trial.operator));
        source$.tell(...moves);
        await trial.run(moment);
        trial.subscription.unsubscribe();
        expect(trial.clock.actions).toHaveLength(0);
      }
    }
  },

  async 'serves two subscribers at once, each as if it were alone'(operator: Operator): Promise<void> {
    const one = new Trial(operator);
    const other = one.another();
    const sources = [one.watch(), other.watch()];
    for (const item of [1, 2, 3, 4, 5]) {
      for (const source$ of sources) source$.next(item);
    }
    for (const source$ of sources) source$.complete();
    await one.run();
    expect(one.told).toEqual([1, 2, 3, 4, 5, 'complete']);
    expect(other.told).toEqual([1, 2, 3, 4, 5, 'complete']);
  },

  async 'serves a subscriber after another one whose source has failed'(operator: Operator): Promise<void> {
    const failed = new Trial(operator);
    failed.watch().error(broken);
    await failed.run();
    const trial = failed.another();
    const source$ = trial.watch();
    source$.next(1);
    source$.complete();
    await trial.run();
    expect(trial.told).toEqual([1, 'complete']);
  },

  async 'neither overflows nor hangs with very many items at once'(operator: Operator): Promise<void> {
    const trial = new Trial(operator);
    await expectMany(trial, range(0, MANY));
  },

  async 'neither overflows nor hangs with very many items at once, after one that came by itself'(
    operator: Operator,
  ): Promise<void> {
    const trial = new Trial(operator);
    const first$ = timer(1, trial.clock).pipe(map(() => 0));
    await expectMany(trial, concat(first$, range(1, MANY - 1)));
  },
};

const CHECKS_OF_WORK = {
  async 'releases the work in progress when it is unsubscribed, and begins no other'(
    operator: Operator,
  ): Promise<void> {
    const works = new Works(() => NEVER);
    const trial = new Trial(operator, works.work);
    const source$ = trial.watch();
    for (const item of [1, 2, 3]) source$.next(item);
    expect(works).toMatchObject({ begun: [1], active: 1 });
    trial.subscription.unsubscribe();
    await trial.run();
    expect(works).toMatchObject({ begun: [1], active: 0 });
  },

  async 'releases the work in progress when its source fails, and begins no other'(operator: Operator): Promise<void> {
    const works = new Works(() => NEVER);
    const trial = new Trial(operator, works.work);
    const source$ = trial.watch();
    for (const item of [1, 2, 3]) source$.next(item);
    source$.error(broken);
    await trial.run();
    expect(trial.told).toEqual([broken]);
    expect(works).toMatchObject({ begun: [1], active: 0 });
  },

  async 'passes an error of its work on, releases its source, and begins no other'(operator: Operator): Promise<void> {
    const works = new Works((item) => (item === 2 ? throwError(() => broken) : of(item)));
    const trial = new Trial(operator, works.work);
    const source$ = trial.watch();
    for (const item of [1, 2, 3]) source$.next(item);
    await trial.run();
    expect(trial.told).toEqual([1, broken]);
    expect(works).toMatchObject({ begun: [1, 2], active: 0 });
    expect(source$.observed).toBe(false);
  },

  async 'completes when the work that has waited is done too'(operator: Operator): Promise<void> {
    const clock = new SteppedClock();
    const trial = new Trial(operator, (item) => timer(5, clock).pipe(map(() => item)), clock);
    const source$ = trial.watch();
    for (const item of [1, 2, 3]) source$.next(item);
    source$.complete();
    await trial.runToEnd();
    expect(trial.told).toEqual([1, 2, 3, 'complete']);
    expect(clock.now()).toBe(15);
  },

  async 'neither overflows nor hangs with very many works that end at once, behind one that does not'(
    operator: Operator,
  ): Promise<void> {
    const clock = new SteppedClock();
    const work = (item: number): Observable<number> => (item === 0 ? timer(1, clock).pipe(map(() => item)) : of(item));
    await expectMany(new Trial(operator, work, clock), range(0, MANY));
  },
};

/** They are counted, not kept. */
async function expectMany(trial: Trial, source$: Observable<number>): Promise<void> {
  const counted = { inOrder: 0, outOfOrder: 0, ends: 0 };
  source$.pipe(trial.operator).subscribe({
    next: (value) => {
      for (const item of trial.itemsOf(value)) {
        if (item === counted.inOrder) counted.inOrder++;
        else counted.outOfOrder++;
      }
    },
    complete: () => counted.ends++,
  });
  await trial.run();
  expect(counted).toEqual({ inOrder: MANY, outOfOrder: 0, ends: 1 });
}
