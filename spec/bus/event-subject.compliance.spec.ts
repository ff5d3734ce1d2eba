import { createEventBus, createEventSubject, defineEvent, type EventMessage, payload } from 'millrace';
import { marbles } from 'millrace/testing';
import {
  BehaviorSubject,
  bufferCount,
  firstValueFrom,
  from,
  isObservable,
  lastValueFrom,
  map,
  merge,
  type Observer,
  ObjectUnsubscribedError,
  of,
  share,
  Subject,
  switchMap,
  take,
  throwError,
  toArray,
} from 'rxjs';
import { describe, expect, it, vi } from 'vitest';

const Letter = defineEvent('letter', payload<string>());
type Message = EventMessage<'letter', string>;

/** Messages by their letter, always the same object for one letter. */
const messages: Readonly<Record<string, Message>> = Object.fromEntries(
  Array.from('abcdef', (letter) => [letter, Letter.create(letter)]),
);
const [a, b, c] = [messages['a']!, messages['b']!, messages['c']!];

/** What is tested: every rule below holds of RxJS's own Subject, which comes first. */
const subjects: readonly [name: string, create: () => Subject<Message>][] = [
  ['a Subject', () => new Subject()],
  ['an EventSubject that stands alone', () => createEventSubject(Letter)],
  ['an EventSubject of a bus', () => createEventBus().subject(Letter)],
];
/** Those that `complete` and `error` end: a subject of a bus is ended by its bus only. */
const ending = subjects.slice(0, 2);

/** An observer that writes down what it is told. */
function recorder(): { readonly told: unknown[]; readonly observer: Observer<Message> } {
  const told: unknown[] = [];
  return {
    told,
    observer: {
      next: ({ data }) => void told.push(data),
      error: (error) => void told.push(['error', error]),
      complete: () => void told.push('complete'),
    },
  };
}

describe.each(subjects)('%s', (_, create) => {
  it('is an Observable, an observer, and a Subject', () => {
    const subject = create();
    expect(isObservable(subject)).toBe(true);
    expect(subject).toBeInstanceOf(Subject);
    const { told, observer } = recorder();
    subject.subscribe(observer);
    from([a, b]).subscribe({ next: (message) => subject.next(message) });
    expect(told).toStrictEqual(['a', 'b']);
  });

  it('hands the very same value to every observer, in the order in which they subscribed', () => {
    const subject = create();
    const seen: unknown[] = [];
    for (const name of ['first', 'second', 'third']) subject.subscribe((message) => seen.push(name, message));
    subject.next(a);
    expect(seen).toStrictEqual(['first', a, 'second', a, 'third', a]);
    for (const index of [1, 3, 5]) expect(seen[index]).toBe(a);
  });

  it('forgets: who subscribes late has missed what was', () => {
    const subject = create();
    const { told, observer } = recorder();
    subject.next(a);
    subject.subscribe(observer);
    subject.next(b);
    expect(told).toStrictEqual(['b']);
  });

  it('does nothing for an observer that has unsubscribed', () => {
    const subject = create();
    const { told, observer } = recorder();
    const subscription = subject.subscribe(observer);
    subject.next(a);
    subscription.unsubscribe();
    subject.next(b);
    expect(told).toStrictEqual(['a']);
    expect(subscription.closed).toBe(true);
  });

  it('tells who observes', () => {
    const subject = create();
    expect(subject.observed).toBe(false);
    const [one, other] = [subject.subscribe(), subject.subscribe()];
    expect(subject.observed).toBe(true);
    one.unsubscribe();
    expect(subject.observed).toBe(true);
    other.unsubscribe();
    expect(subject.observed).toBe(false);
  });

  it('lets an observer that is added during next miss that value', () => {
    const subject = create();
    const { told, observer } = recorder();
    subject.pipe(take(1)).subscribe(() => subject.subscribe(observer));
    subject.next(a);
    subject.next(b);
    expect(told).toStrictEqual(['b']);
  });

  it('skips an observer that is removed during next by one before it', () => {
    const subject = create();
    const { told, observer } = recorder();
    subject.subscribe(() => subscription.unsubscribe());
    const subscription = subject.subscribe(observer);
    subject.next(a);
    expect(told).toStrictEqual([]);
  });

  it('lets an observer unsubscribe itself during next, and goes on with the next one', () => {
    const subject = create();
    const { told, observer } = recorder();
    const own = subject.subscribe(() => own.unsubscribe());
    subject.subscribe(observer);
    subject.next(a);
    subject.next(b);
    expect(told).toStrictEqual(['a', 'b']);
    expect(own.closed).toBe(true);
  });

  it('may be subscribed by one observer twice', () => {
    const subject = create();
    const { told, observer } = recorder();
    subject.subscribe(observer);
    subject.subscribe(observer);
    subject.next(a);
    expect(told).toStrictEqual(['a', 'a']);
  });

  it('takes part of an observer, a function, or nothing', () => {
    const subject = create();
    const next = vi.fn();
    subject.subscribe();
    // oxlint-disable-next-line typescript/no-deprecated -- RxJS 7 has it, so it must work
    subject.subscribe(null);
    subject.subscribe({});
    subject.subscribe({ complete: vi.fn() });
    subject.subscribe({ next });
    subject.subscribe(next);
    subject.next(a);
    expect(next).toHaveBeenCalledTimes(2);
  });

  it('calls the methods of an observer on that observer', () => {
    class Collector {
      readonly all: string[] = [];
      next({ data }: Message): void {
        this.all.push(data);
      }
    }
    const subject = create();
    const collector = new Collector();
    subject.subscribe(collector);
    subject.next(a);
    expect(collector.all).toStrictEqual(['a']);
  });

  it('can be the source of any pipeline', () => {
    const subject = create();
    const seen: unknown[] = [];
    subject
      .pipe(
        map(({ data }) => data.toUpperCase()),
        bufferCount(2),
        switchMap((pair) => of(...pair)),
      )
      .subscribe((value) => seen.push(value));
    for (const message of [a, b, c]) subject.next(message);
    expect(seen).toStrictEqual(['A', 'B']);
  });

  it('can be merged, shared, and connected to another subject', () => {
    const [one, other] = [create(), create()];
    const sink = new BehaviorSubject<Message>(c);
    const shared = merge(one, other).pipe(share());
    const { told, observer } = recorder();
    shared.subscribe(sink);
    shared.subscribe(observer);
    one.next(a);
    other.next(b);
    expect(told).toStrictEqual(['a', 'b']);
    expect(sink.value).toBe(b);
  });

  it('can be awaited for its first value', async () => {
    const subject = create();
    const first = firstValueFrom(subject);
    subject.next(a);
    subject.next(b);
    expect(await first).toBe(a);
    expect(subject.observed).toBe(false);
  });

  it('gives out an Observable that cannot be fed', () => {
    const subject = create();
    const observable = subject.asObservable();
    const { told, observer } = recorder();
    observable.subscribe(observer);
    subject.next(a);
    expect(told).toStrictEqual(['a']);
    expect(observable).not.toBeInstanceOf(Subject);
    expect(observable).not.toHaveProperty('next');
  });

  it('has for a pipeline a subject that feeds it, as lift has it', () => {
    const subject = create();
    const { told, observer } = recorder();
    const lifted = subject.pipe(map((message) => message)) as Subject<Message>;
    lifted.subscribe(observer);
    lifted.next(a);
    expect(told).toStrictEqual(['a']);
  });

  it('calls forEach for each value', async () => {
    const subject = create();
    const seen: string[] = [];
    const each = subject.forEach(({ data }) => {
      seen.push(data);
      if (data === 'b') throw new Error('enough');
    });
    subject.next(a);
    subject.next(b);
    subject.next(c);
    await expect(each).rejects.toThrow('enough');
    expect(seen).toStrictEqual(['a', 'b']);
  });

  it('takes callbacks by position, as old code has them', () => {
    const subject = create();
    const next = vi.fn();
    // oxlint-disable-next-line typescript/no-deprecated -- RxJS 7 has it, so it must work
    subject.subscribe(next, undefined, undefined);
    subject.next(a);
    expect(next.mock.calls).toStrictEqual([[a]]);
  });

  it('after unsubscribe, refuses next and subscribe loudly', () => {
    const subject = create();
    const { told, observer } = recorder();
    subject.subscribe(observer);
    subject.unsubscribe();
    expect(subject.closed).toBe(true);
    expect(subject.observed).toBe(false);
    expect(() => subject.next(a)).toThrow(ObjectUnsubscribedError);
    expect(() => subject.subscribe()).toThrow(ObjectUnsubscribedError);
    expect(told).toStrictEqual([]);
  });

  it(
    'passes on values when they come',
    marbles((m) => {
      const subject = create();
      const source = '  -a--(bc)-d';
      const early = '   -a--(bc)-d';
      const late = '    ----(bc)-d';
      const subscribed = '---^-----';
      m.hot(source, messages).subscribe((message) => subject.next(message));
      m.expect(subject).toBeObservable(early, messages);
      m.expect(subject, subscribed).toBeObservable(late, messages);
    }),
  );
});

describe.each(ending)('%s, at its end', (_, create) => {
  it('completes every observer, and ignores what comes after', () => {
    const subject = create();
    const { told, observer } = recorder();
    subject.subscribe(observer);
    subject.subscribe(observer);
    subject.next(a);
    subject.complete();
    subject.next(b);
    subject.complete();
    subject.error(new Error('late'));
    expect(told).toStrictEqual(['a', 'a', 'complete', 'complete']);
    expect(subject.observed).toBe(false);
    expect(subject).toMatchObject({ isStopped: true });
  });

  it('errors every observer, and ignores what comes after', () => {
    const subject = create();
    const error = new Error('broken');
    const { told, observer } = recorder();
    subject.subscribe(observer);
    subject.next(a);
    subject.error(error);
    subject.next(b);
    subject.complete();
    expect(told).toStrictEqual(['a', ['error', error]]);
    expect(subject).toMatchObject({ hasError: true, thrownError: error, isStopped: true });
  });

  it('tells its end to those who come after it', () => {
    const completed = create();
    completed.complete();
    const errored = create();
    errored.error('broken');
    const [one, other] = [recorder(), recorder()];
    completed.subscribe(one.observer);
    errored.subscribe(other.observer);
    expect(one.told).toStrictEqual(['complete']);
    expect(other.told).toStrictEqual([['error', 'broken']]);
  });

  it('ends with a source that it is subscribed to', () => {
    const [completed, errored] = [create(), create()];
    const [one, other] = [recorder(), recorder()];
    completed.subscribe(one.observer);
    errored.subscribe(other.observer);
    of(a, b).subscribe(completed);
    throwError(() => 'broken').subscribe(errored);
    expect(one.told).toStrictEqual(['a', 'b', 'complete']);
    expect(other.told).toStrictEqual([['error', 'broken']]);
  });

  it('can be awaited for all of its values', async () => {
    const subject = create();
    const all = lastValueFrom(subject.pipe(toArray()));
    of(a, b).subscribe(subject);
    expect(await all).toStrictEqual([a, b]);
  });

  it('tells its end to callbacks by position, as old code has them', () => {
    const [completed, errored] = [create(), create()];
    const [onError, onComplete] = [vi.fn(), vi.fn()];
    // oxlint-disable-next-line typescript/no-deprecated -- RxJS 7 has it, so it must work
    completed.subscribe(() => undefined, onError, onComplete);
    // oxlint-disable-next-line typescript/no-deprecated -- RxJS 7 has it, so it must work
    errored.subscribe(() => undefined, onError, onComplete);
    completed.complete();
    errored.error('broken');
    expect(onComplete).toHaveBeenCalledOnce();
    expect(onError.mock.calls).toStrictEqual([['broken']]);
  });

  it('lets an observer complete it during next: the others still see that value', () => {
    const subject = create();
    const { told, observer } = recorder();
    subject.pipe(take(1)).subscribe(() => subject.complete());
    subject.subscribe(observer);
    const before = [...told];
    subject.next(a);
    expect(before).toStrictEqual([]);
    // RxJS completes the second observer before the value comes round to it.
    expect(told).toStrictEqual(['complete']);
  });

  it(
    'passes on the end when it comes',
    marbles((m) => {
      const [completed, errored] = [create(), create()];
      m.hot('-a-|', messages).subscribe(completed);
      m.hot('-a-#', messages).subscribe(errored);
      m.expect(completed).toBeObservable('-a-|', messages);
      m.expect(errored).toBeObservable('-a-#', messages);
      m.expect(completed, '----^').toBeObservable('----|', messages);
    }),
  );
});
