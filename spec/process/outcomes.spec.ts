import {
  createProcessor,
  type DeadLetter,
  type Handler,
  HandlerTimeoutError,
  type ProcessorOptions,
  type Settlement,
} from 'millrace';
import { NEVER, of, throwError, VirtualTimeScheduler } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { watch } from '../support/watch.ts';

const failing: Handler<string> = () => throwError(() => 'no');

/** The end of the last of some events, when time has run out. */
function endOf(handler: Handler<string>, options: ProcessorOptions<string>, ...events: string[]): Settlement {
  const scheduler = new VirtualTimeScheduler();
  const processor = createProcessor(handler, { createId: () => 'letter', ...options, scheduler });
  const ends: Settlement[] = [];
  for (const event of events) processor.trySend(event, (end) => ends.push(end));
  scheduler.flush();
  return ends.at(-1)!;
}

describe('the settlement of an event', () => {
  it('is handled, with the number of attempts', () => {
    expect(endOf(() => undefined, {}, 'a')).toEqual({ outcome: 'handled', attempts: 1 });
    const second: Handler<string> = (_event, { attempt }) => (attempt === 2 ? of(1) : throwError(() => 'no'));
    expect(endOf(second, { retry: {} }, 'a')).toEqual({ outcome: 'handled', attempts: 2 });
  });

  it.each<{ reason: string; handler: Handler<string>; options: ProcessorOptions<string>; attempts: number }>([
    { reason: 'exhausted', handler: failing, options: {}, attempts: 1 },
    { reason: 'exhausted', handler: failing, options: { retry: { maxAttempts: 4 } }, attempts: 4 },
    { reason: 'rejected', handler: failing, options: { retry: { retryIf: () => false } }, attempts: 1 },
  ])(
    'is dead after $attempts attempts, $reason, with the last error and its letter',
    ({ reason, handler, options, attempts }) => {
      expect(endOf(handler, options, 'a')).toEqual({
        outcome: 'dead',
        attempts,
        reason,
        error: 'no',
        deadLetterId: 'letter',
      });
    },
  );

  it('is dead by timeout', () => {
    const end = endOf(() => NEVER, { timeoutMs: 5 }, 'a');
    expect(end).toMatchObject({ outcome: 'dead', attempts: 1, reason: 'timeout' });
    expect(end.error).toBeInstanceOf(HandlerTimeoutError);
  });

  it('is dead without an attempt when the key throws', () => {
    const key = (): never => {
      throw new Error('no key');
    };
    const end = endOf(() => undefined, { key }, 'a');
    expect(end).toMatchObject({ outcome: 'dead', attempts: 0, reason: 'invalid-key', error: { message: 'no key' } });
  });

  it.each<{ reason: string; options: ProcessorOptions<string> }>([
    { reason: 'drop-newest', options: { overflow: 'drop-newest', capacity: 0 } },
    { reason: 'drop-oldest', options: { overflow: 'drop-oldest', capacity: 0 } },
    { reason: 'busy', options: { strategy: 'exhaust' } },
  ])('is dropped as $reason, without an attempt and a letter', ({ reason, options }) => {
    expect(endOf(() => NEVER, options, 'a', 'b')).toEqual({ outcome: 'dropped', attempts: 0, reason });
  });

  it('is dropped as superseded, with the attempts that were made', () => {
    expect(endOf(() => NEVER, { strategy: 'switch' }, 'a', 'b')).toEqual({
      outcome: 'dropped',
      attempts: 1,
      reason: 'superseded',
    });
  });

  it('is told once to its listener, whose throw harms nothing and is reported', () => {
    const { processor, errors } = watch<string>(() => undefined, { name: 'mail' });
    let calls = 0;
    processor.trySend('a', () => {
      calls++;
      throw new Error('listener');
    });
    expect(processor.trySend('b')).toBe(true);
    expect(calls).toBe(1);
    expect(processor.stats()).toMatchObject({ handled: 2, pending: 0 });
    expect(errors).toMatchObject([{ kind: 'settlement', handler: 'mail', error: { message: 'listener' } }]);
  });

  it('is told when the counts have it already', () => {
    const seen: unknown[] = [];
    const processor = createProcessor<string>(() => undefined);
    processor.trySend('a', () => {
      const { accepted, handled, pending } = processor.stats();
      seen.push({ accepted, handled, pending });
    });
    expect(seen).toEqual([{ accepted: 1, handled: 1, pending: 0 }]);
  });
});

describe('a dead letter', () => {
  it('has the event itself, the handler, the reason, the error, each attempt, the time and an id', () => {
    const scheduler = new VirtualTimeScheduler();
    const letters: DeadLetter<object>[] = [];
    const times: number[] = [];
    const createId = (time: number): string => `letter ${times.push(time)}`;
    const options = { name: 'mail', retry: { maxAttempts: 2, delayMs: 40 }, createId, scheduler };
    const processor = createProcessor<object>(() => throwError(() => 'no'), options);
    processor.deadLetters.subscribe((letter) => letters.push(letter));
    const event = { some: 'event' };
    processor.trySend(event);
    scheduler.flush();
    expect(letters).toEqual([
      {
        id: 'letter 1',
        event,
        handler: 'mail',
        reason: 'exhausted',
        error: 'no',
        attempts: [
          { attempt: 1, startedAt: 0, endedAt: 0, error: 'no' },
          { attempt: 2, startedAt: 40, endedAt: 40, error: 'no' },
        ],
        time: 40,
        redriven: 0,
      },
    ]);
    expect(letters[0]!.event).toBe(event);
    expect(times).toEqual([40]);
  });

  it('is there when the settlement is told', async () => {
    const processor = createProcessor<string>(failing);
    const kept = new Promise((resolve) => {
      processor.trySend('a', () => resolve(processor.deadLetters.list()));
    });
    expect(await kept).toHaveLength(1);
  });

  it('is named after the handler, or `handler`', async () => {
    const processor = createProcessor<string>(failing);
    processor.trySend('a');
    expect(await processor.deadLetters.list()).toMatchObject([{ handler: 'handler' }]);
  });
});

describe('an option that throws', () => {
  it('harms nothing as createId: the event is dead all the same', () => {
    const createId = (): never => {
      throw new Error('no id');
    };
    const { processor, send, ended$ } = watch<string>(() => throwError(() => 'no'), { createId });
    const ends: string[] = [];
    ended$.subscribe((end) => ends.push(end));
    expect(() => send('a')).not.toThrow();
    expect(ends).toEqual(['a dead exhausted']);
    expect(processor.stats()).toMatchObject({ dead: 1, pending: 0 });
  });

  it('is a refusal as random: the event is dead, and it is reported', () => {
    const random = (): never => {
      throw new Error('no luck');
    };
    const options: ProcessorOptions<string> = { random, retry: { jitter: 'full' } };
    const { processor, send, errors } = watch<string>(() => throwError(() => 'no'), options);
    send('a');
    expect(processor.stats()).toMatchObject({ dead: 1, pending: 0 });
    expect(errors).toMatchObject([{ kind: 'policy', error: { message: 'no luck' } }]);
  });
});

describe('redrive', () => {
  it('hands the event in at the tail of its lane, with attempts that start anew', async () => {
    const started: string[] = [];
    const attempts: number[] = [];
    let isBroken = true;
    const processor = createProcessor<string>(
      (event, { attempt }) => {
        started.push(event);
        attempts.push(attempt);
        if (isBroken) throw new Error('no');
      },
      { name: 'mail' },
    );
    processor.trySend('a1');
    isBroken = false;
    processor.pause();
    processor.trySend('a2');
    const redriving = processor.deadLetters.redrive();
    await Promise.resolve();
    processor.trySend('a3');
    processor.resume();
    expect(await redriving).toEqual({ redriven: 1, handled: 1, dead: 0, dropped: 0, skipped: 0 });
    expect(started).toEqual(['a1', 'a2', 'a1', 'a3']);
    expect(attempts).toEqual([1, 1, 1, 1]);
    const { accepted, redriven, handled, dead, pending } = processor.stats();
    expect({ accepted, redriven, handled, dead, pending }).toEqual({
      accepted: 3,
      redriven: 1,
      handled: 3,
      dead: 1,
      pending: 0,
    });
  });

  it('counts up in the new letter when the event is dead again', async () => {
    const processor = createProcessor<string>(failing, { name: 'mail' });
    processor.trySend('a');
    for (const redriven of [0, 1, 2]) {
      expect(await processor.deadLetters.list()).toMatchObject([{ event: 'a', redriven, attempts: [{ attempt: 1 }] }]);
      await processor.deadLetters.redrive();
    }
    expect(processor.stats()).toMatchObject({ accepted: 1, redriven: 3, dead: 4, pending: 0 });
  });

  it('waits for room, whatever the overflow policy', async () => {
    const scheduler = new VirtualTimeScheduler();
    let isBroken = true;
    const processor = createProcessor<string>(() => (isBroken ? throwError(() => 'no') : NEVER), {
      overflow: 'drop-newest',
      capacity: 0,
      timeoutMs: 10,
      scheduler,
    });
    processor.trySend('a');
    isBroken = false;
    processor.trySend('b');
    const redriving = processor.deadLetters.redrive();
    await Promise.resolve();
    expect(processor.stats()).toMatchObject({ redriven: 0, suspended: 1, dropped: 0 });
    scheduler.flush();
    expect(await redriving).toMatchObject({ redriven: 1, dead: 1, dropped: 0 });
    expect(processor.stats()).toMatchObject({ accepted: 2, redriven: 1, dead: 3, dropped: 0, pending: 0 });
  });
});
