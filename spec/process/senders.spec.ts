import { getEventListeners } from 'node:events';
import { ClosedError, createProcessor, type HandlerContext, type Processor, type ProcessorOptions } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { describe, expect, it } from 'vitest';
import { HeldHandler } from '../support/held-handler.ts';
import { describeEnd } from '../support/watch.ts';

/** A processor that is full of one event, and what its senders are told. */
function fullProcessor(options: ProcessorOptions<string> = {}): {
  processor: Processor<string>;
  held: HeldHandler<string, HandlerContext>;
  told: string[];
  send: (event: string, signal?: AbortSignal) => void;
  started: () => string[];
} {
  const held = new HeldHandler<string, HandlerContext>();
  const processor = createProcessor(held.handle, { capacity: 0, ...options });
  const told: string[] = [];
  processor.trySend('first');
  const send = (event: string, signal?: AbortSignal): void => {
    processor.send(event, signal && { signal }).then(
      ({ settled: end }) => {
        told.push(`${event} taken`);
        void end.then((settlement) => told.push(`${event} ${describeEnd(settlement)}`));
      },
      (error: unknown) => told.push(`${event} refused: ${error instanceof Error ? error.name : String(error)}`),
    );
  };
  return { processor, held, told, send, started: () => held.calls.map(({ event }) => event) };
}

describe('send', () => {
  it('resolves when the event is taken, and settled when it has ended', async () => {
    const held = new HeldHandler<string, HandlerContext>();
    const processor = createProcessor(held.handle);
    const { settled: end } = await processor.send('a');
    expect(processor.stats()).toMatchObject({ accepted: 1, running: 1 });
    held.call(0).succeed();
    expect(await end).toEqual({ outcome: 'handled', attempts: 1 });
  });

  it('resolves with the letter of an event that is dead: it never rejects for a handler that fails', async () => {
    const processor = createProcessor<string>(() => Promise.reject(new Error('no')));
    const { settled: end } = await processor.send('a');
    const settlement = await end;
    const [letter] = await processor.deadLetters.list();
    expect(settlement).toMatchObject({ outcome: 'dead', attempts: 1, reason: 'exhausted', error: { message: 'no' } });
    expect(settlement.deadLetterId).toBe(letter!.id);
  });

  it('has called an idle handler when it returns', () => {
    const seen: string[] = [];
    const processor = createProcessor<string>((event) => seen.push(event));
    void processor.send('a');
    expect(seen).toEqual(['a']);
  });

  it(
    'waits for room, first in, first out',
    virtualTest(async ({ time }) => {
      const { processor, held, told, send, started } = fullProcessor();
      for (const event of ['a', 'b', 'c']) send(event);
      await time.settle();
      expect(told).toEqual([]);
      expect(processor.stats()).toMatchObject({ accepted: 1, suspended: 3, pending: 1 });
      for (let index = 0; index < 4; index++) {
        held.call(index).succeed();
        await time.settle();
      }
      expect(started()).toEqual(['first', 'a', 'b', 'c']);
      expect(told).toEqual(['a taken', 'a handled', 'b taken', 'b handled', 'c taken', 'c handled']);
      expect(processor.stats()).toMatchObject({ accepted: 4, handled: 4, suspended: 0 });
    }),
  );

  it(
    'is not overtaken by a listener that sends when it is told that there is room',
    virtualTest(async ({ time }) => {
      const held = new HeldHandler<string, HandlerContext>();
      const processor = createProcessor(held.handle, { capacity: 0 });
      let answer: boolean | undefined;
      processor.trySend('first', () => (answer = processor.trySend('overtakes')));
      void processor.send('waits');
      held.call(0).succeed();
      await time.settle();
      expect(answer).toBe(false);
      expect(held.calls.map(({ event }) => event)).toEqual(['first', 'waits']);
    }),
  );

  it(
    'lets as many in as there is room for',
    virtualTest(async ({ time }) => {
      const { processor, held, send, started } = fullProcessor({ concurrency: 2, capacity: 1 });
      for (const event of ['second', 'third']) processor.trySend(event);
      for (const event of ['a', 'b', 'c', 'd']) send(event);
      held.call(0).succeed();
      held.call(1).succeed();
      await time.settle();
      expect(started()).toEqual(['first', 'second', 'third', 'a']);
      expect(processor.stats()).toMatchObject({ pending: 3, waiting: 1, suspended: 2 });
    }),
  );

  it(
    'waits for room in a paused handler too',
    virtualTest(async ({ time }) => {
      const { processor, send } = fullProcessor({ capacity: 1 });
      processor.pause();
      send('a');
      send('b');
      await time.settle();
      expect(processor.stats()).toMatchObject({ pending: 2, suspended: 1 });
    }),
  );

  it(
    'may stop to wait: the event was not taken, and the others keep their order',
    virtualTest(async ({ time }) => {
      const { processor, held, told, send, started } = fullProcessor();
      const controller = new AbortController();
      send('a', controller.signal);
      send('b');
      controller.abort('changed my mind');
      await time.settle();
      expect(told).toEqual(['a refused: changed my mind']);
      expect(processor.stats()).toMatchObject({ accepted: 1, suspended: 1 });
      held.call(0).succeed();
      await time.settle();
      expect(started()).toEqual(['first', 'b']);
    }),
  );

  it(
    'does not offer anything once its signal is aborted',
    virtualTest(async ({ time }) => {
      const { processor, told, send } = fullProcessor();
      send('a', AbortSignal.abort('too late'));
      await time.settle();
      expect(told).toEqual(['a refused: too late']);
      expect(processor.stats()).toMatchObject({ accepted: 1, suspended: 0, rejected: 0 });
    }),
  );

  it(
    'cannot take back what was taken',
    virtualTest(async ({ time }) => {
      const { processor, held, told, send } = fullProcessor();
      const controller = new AbortController();
      send('a', controller.signal);
      held.call(0).succeed();
      await time.settle();
      controller.abort();
      held.call(1).succeed();
      await time.settle();
      expect(told).toEqual(['a taken', 'a handled']);
      expect(processor.stats()).toMatchObject({ accepted: 2, handled: 2 });
    }),
  );

  it.each([
    { end: 'taken', finish: (held: HeldHandler<string, HandlerContext>) => held.call(0).succeed() },
    { end: 'refused', finish: (_: unknown, processor: Processor<string>) => processor.close() },
    { end: 'aborted', finish: (_: unknown, __: unknown, controller: AbortController) => controller.abort() },
  ])(
    'leaves no listener on the signal of a sender that was $end',
    virtualTest(async ({ time }, { finish }) => {
      const { processor, held, told, send } = fullProcessor();
      const controller = new AbortController();
      const { signal } = controller;
      send('a', signal);
      expect(getEventListeners(signal, 'abort')).toHaveLength(1);
      finish(held, processor, controller);
      await time.settle();
      expect(told).toHaveLength(1);
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    }),
  );

  it(
    'goes on after many have stopped to wait',
    virtualTest(async ({ time }) => {
      const { processor, held, send, started } = fullProcessor();
      const controllers = Array.from({ length: 100 }, () => new AbortController());
      for (const [index, { signal }] of controllers.entries()) send(`${index}`, signal);
      for (const [index, controller] of controllers.entries()) if (index !== 50) controller.abort();
      expect(processor.stats().suspended).toBe(1);
      held.call(0).succeed();
      await time.settle();
      expect(started()).toEqual(['first', '50']);
    }),
  );

  it(
    'is refused when the processor closes while it waits',
    virtualTest(async ({ time }) => {
      const { processor, told, send } = fullProcessor();
      send('a');
      processor.close();
      await time.settle();
      expect(told).toEqual(['a refused: ClosedError']);
      expect(processor.stats()).toMatchObject({ accepted: 1, dead: 1, rejected: 1, suspended: 0 });
    }),
  );

  it(
    'is refused when the processor drains while it waits: it was not taken',
    virtualTest(async ({ time }) => {
      const { processor, held, told, send } = fullProcessor();
      send('a');
      const draining = processor.drain();
      await time.settle();
      expect(told).toEqual(['a refused: ClosedError']);
      held.call(0).succeed();
      expect(await draining).toMatchObject({ completed: true, handled: 1 });
    }),
  );

  it.each(['close', 'drain'] as const)('is refused after %s', async (end) => {
    const processor = createProcessor<string>(() => undefined, { name: 'ended' });
    await processor[end]();
    await expect(processor.send('a')).rejects.toBeInstanceOf(ClosedError);
    await expect(processor.send('a')).rejects.toMatchObject({
      code: 'CLOSED',
      message:
        "Expected handler 'ended' to be open, got one that is closed or draining. Use it before close() and drain().",
    });
    expect(processor.trySend('a')).toBe(false);
    expect(processor.stats()).toMatchObject({ accepted: 0, rejected: 3 });
  });
});
