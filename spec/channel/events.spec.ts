import { createChannel } from 'millrace';
import { marbles, virtualTest } from 'millrace/testing';
import { concatMap, delay, mergeMap, of, Subject, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Producer } from '../support/producer.ts';

describe('events', () => {
  it(
    'gives items as they come, and completes when the channel is closed and empty',
    marbles((m) => {
      const sent = '    -a-(bc)--d--';
      const close = '   -----------x';
      const received = '-a-(bc)--d-|';
      const channel = createChannel<string>({ capacity: 0, scheduler: m.scheduler });
      m.hot(sent).subscribe((item) => channel.trySend(item));
      m.hot(close).subscribe(() => channel.close());
      m.expect(channel.events()).toBeObservable(received);
    }),
  );

  it(
    'begins with what waits already',
    marbles((m) => {
      const sent = '    abc-----d';
      const sub = '     ---^';
      const received = '---(abc)d';
      const channel = createChannel<string>({ scheduler: m.scheduler });
      m.hot(sent).subscribe((item) => channel.trySend(item));
      m.expect(channel.events(), sub).toBeObservable(received);
    }),
  );

  it(
    'has no bound of its own, but operators have: what they have not taken yet is theirs',
    marbles((m) => {
      const sent = '    (abc)---|';
      const received = '--a-b-c';
      const channel = createChannel<string>({ scheduler: m.scheduler });
      m.hot(sent).subscribe((item) => channel.trySend(item));
      m.expect(channel.events().pipe(concatMap((item) => of(item).pipe(delay(2))))).toBeObservable(received);
      m.flush();
      expect(channel.stats()).toMatchObject({ handedOut: 3, waiting: 0 });
    }),
  );

  it(
    'shares items between subscribers: whoever asked first has the next one',
    marbles((m) => {
      const sent = '  -a-b-c-d-|';
      const first = ' -a---c---|';
      const second = '---b---d-|';
      const channel = createChannel<string>({ scheduler: m.scheduler });
      m.hot(sent).subscribe({ next: (item) => channel.trySend(item), complete: () => channel.close() });
      m.expect(channel.events()).toBeObservable(first);
      m.expect(channel.events()).toBeObservable(second);
    }),
  );

  it(
    'leaves the rest to others when it is unsubscribed',
    marbles((m) => {
      const sent = '  -a-b-c-|';
      const sub = '   ^---!';
      const first = ' -a-b-';
      const second = '-----c-|';
      const channel = createChannel<string>({ scheduler: m.scheduler });
      m.hot(sent).subscribe({ next: (item) => channel.trySend(item), complete: () => channel.close() });
      m.expect(channel.events(), sub).toBeObservable(first);
      m.expect(channel.events(), '----^').toBeObservable(second);
    }),
  );

  it('takes no more than an operator wants', () => {
    const channel = createChannel<string>();
    for (const item of 'abcd') channel.trySend(item);
    const seen: string[] = [];
    channel
      .events()
      .pipe(take(2))
      .subscribe((item) => seen.push(item));
    expect(seen).toEqual(['a', 'b']);
    expect(channel.stats()).toMatchObject({ handedOut: 2, waiting: 2 });
    channel.trySend('e');
    expect(channel.stats()).toMatchObject({ handedOut: 2, waiting: 3 });
  });

  it('is not told of an item within another: what a subscriber sends comes after', () => {
    const channel = createChannel<number>();
    const steps: string[] = [];
    channel.events().subscribe((item) => {
      steps.push(`begin ${item}`);
      if (item < 3) channel.trySend(item + 1);
      steps.push(`end ${item}`);
    });
    channel.trySend(1);
    expect(steps).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
  });

  it('does not overflow the stack, however much a subscriber sends', () => {
    const channel = createChannel<number>();
    let seen = 0;
    channel.events().subscribe((item) => {
      seen++;
      if (item < 100_000) channel.trySend(item + 1);
    });
    channel.trySend(1);
    expect(seen).toBe(100_000);
  });

  it(
    'lets those in who wait for room',
    virtualTest(async ({ time }) => {
      const channel = createChannel<string>({ capacity: 1 });
      const producer = new Producer(channel);
      producer.sendAll('abcd');
      const seen: string[] = [];
      channel.events().subscribe((item) => seen.push(item));
      await time.settle();
      expect(seen).toEqual(['a', 'b', 'c', 'd']);
      expect(producer.told).toEqual(['a taken', 'b taken', 'c taken', 'd taken']);
    }),
  );

  it('completes at once over a channel that is closed and empty', () => {
    const channel = createChannel<string>();
    channel.close();
    const seen: string[] = [];
    channel.events().subscribe({ next: (item) => seen.push(item), complete: () => seen.push('completed') });
    expect(seen).toEqual(['completed']);
  });

  it('completes after the last item that waited when it was closed', () => {
    const channel = createChannel<string>();
    for (const item of 'ab') channel.trySend(item);
    channel.close();
    const seen: string[] = [];
    channel.events().subscribe({ next: (item) => seen.push(item), complete: () => seen.push('completed') });
    expect(seen).toEqual(['a', 'b', 'completed']);
  });

  it('goes on with the others when one of them ends another as it is told', () => {
    const channel = createChannel<string>();
    const ended: string[] = [];
    channel.events().subscribe({
      complete: () => {
        ended.push('first');
        second.unsubscribe();
      },
    });
    const second = channel.events().subscribe({ complete: () => ended.push('second') });
    channel.events().subscribe({ complete: () => ended.push('third') });
    channel.close();
    expect(ended).toEqual(['first', 'third']);
  });

  it('may be the source of a Subject, and of whatever takes an Observable', () => {
    const channel = createChannel<string>();
    const subject = new Subject<string>();
    const seen: string[] = [];
    subject
      .pipe(mergeMap((item) => of(item, item)))
      .subscribe({ next: (item) => seen.push(item), complete: () => seen.push('completed') });
    channel.events().subscribe(subject);
    channel.trySend('a');
    channel.close();
    expect(seen).toEqual(['a', 'a', 'completed']);
  });
});
