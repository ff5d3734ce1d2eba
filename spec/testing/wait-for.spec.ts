import { createEventBus, type EventBus, type EventDefinition, InvalidOptionError } from 'millrace';
import { record, TestFailure, waitFor, type WaitForOptions } from 'millrace/testing';
import { describe, expect, it, vi } from 'vitest';
import { OrderPlaced, Tick, UserRenamed, UserSignedUp } from '../support/events.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** The text of a failure. */
async function failureOf(waiting: Promise<unknown>): Promise<string> {
  const failure: unknown = await waiting.then(
    () => new Error('resolved'),
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(TestFailure);
  return (failure as TestFailure).message;
}

describe('waitFor', () => {
  it('resolves with the next such message', async () => {
    const bus = createEventBus();
    const waiting = waitFor(bus, UserSignedUp);
    bus.emit(Tick, 1);
    bus.emit(UserSignedUp, { userId: 'u1' });
    bus.emit(UserSignedUp, { userId: 'u2' });
    const message = await waiting;
    expect(message.type).toBe('user.signed_up');
    expect(message.data.userId).toBe('u1');
  });

  it('waits in real time', async () => {
    const bus = createEventBus();
    setTimeout(() => bus.emit(Tick, 1), 5);
    await expect(waitFor(bus, Tick)).resolves.toMatchObject({ data: 1 });
    await expect(waitFor(bus, Tick, { timeoutMs: 5 })).rejects.toThrow(
      `Expected 'tick' within 5 ms, but it did not come. Nothing arrived at all since the call; what came before it does not count.`,
    );
  });

  it('waits for the one that where says', async () => {
    const bus = createEventBus();
    const waiting = waitFor(bus, OrderPlaced, { where: ({ data }) => data.total > 10 });
    bus.emit(OrderPlaced, { id: 'o1', total: 10 });
    bus.emit(OrderPlaced, { id: 'o2', total: 11 });
    expect((await waiting).data.id).toBe('o2');
  });

  it('waits for any of a list, or of a pattern', async () => {
    const bus = createEventBus();
    const ofList = waitFor(bus, [Tick, UserRenamed]);
    const ofPattern = waitFor(bus, 'user.*');
    bus.emit(OrderPlaced, { id: 'o1', total: 10 });
    bus.emit(UserRenamed, { userId: 'u1', name: 'Ada' });
    expect((await ofList).type).toBe('user.renamed');
    expect((await ofPattern).data).toStrictEqual({ userId: 'u1', name: 'Ada' });
  });

  it('waits on a view of a bus, too', async () => {
    const bus = createEventBus();
    const waiting = waitFor(bus.asReadonly(), Tick);
    bus.emit(Tick, 1);
    expect((await waiting).data).toBe(1);
  });

  it('sees only what is emitted from the call on, whatever a recording or a replay knows', async () => {
    const bus = createEventBus();
    using recorded = record(bus);
    bus.subject(Tick, { replay: 3 });
    bus.emit(Tick, 1);
    const waiting = waitFor(bus, Tick);
    bus.emit(Tick, 2);
    expect((await waiting).data).toBe(2);
    expect(recorded.published(Tick)).toHaveLength(2);
  });

  it('resolves when every handler has been offered the event', async () => {
    const bus = createEventBus();
    const seen: string[] = [];
    const waiting = waitFor(bus, Tick).then(() => seen.push('arrived'));
    bus.on(Tick, () => void seen.push('handled'));
    bus.emit(Tick, 1);
    await waiting;
    expect(seen).toStrictEqual(['handled', 'arrived']);
  });

  it('shows on a timeout what did arrive, when, and how many failed where', async () => {
    const scheduler = new VirtualClock();
    const bus = createEventBus({ scheduler });
    await scheduler.advance(1_000);
    const waiting = failureOf(
      waitFor(bus, OrderPlaced, { where: ({ data }) => data.total > 10, timeoutMs: 200, scheduler }),
    );
    await scheduler.advance(3);
    bus.emit(UserSignedUp, { userId: 'u1' });
    await scheduler.advance(117);
    bus.emit(OrderPlaced, { id: 'o1', total: 3 });
    await scheduler.advance(80);
    expect(await waiting).toBe(
      [
        `Expected 'order.placed' for which \`where\` is true within 200 ms, but it did not come. 1 of that type did, but failed \`where\`. What arrived, with the milliseconds since the call:`,
        `    +3  user.signed_up  { userId: 'u1' }`,
        `  +120  order.placed    { id: 'o1', total: 3 }  (failed \`where\`)`,
      ].join('\n'),
    );
  });

  it('names all that it waited for, and shows the latest twenty of what arrived, each in short', async () => {
    const scheduler = new VirtualClock();
    const bus = createEventBus({ scheduler });
    const waiting = failureOf(waitFor(bus, [OrderPlaced, UserRenamed], { timeoutMs: 200, scheduler }));
    for (let count = 0; count < 22; count++) bus.emit(Tick, count);
    bus.emit(UserSignedUp, { userId: 'u'.repeat(1_000) });
    await scheduler.advance(200);
    const [first, ...lines] = (await waiting).split('\n');
    expect(first).toBe(
      `Expected 'order.placed' or 'user.renamed' within 200 ms, but it did not come. What arrived, with the milliseconds since the call, and 3 before that:`,
    );
    expect(lines).toHaveLength(20);
    expect(lines[0]).toBe('  +0  tick            3');
    expect(lines[19]).toMatch(/^ {2}\+0 {2}user\.signed_up {2}\{ userId: 'u{50,}…$/);
  });

  it('follows the clock of the bus, unless it is given another one', async () => {
    const [clock, other] = [new VirtualClock(), new VirtualClock()];
    const bus = createEventBus({ scheduler: clock });
    const onClock = failureOf(waitFor(bus, Tick, { timeoutMs: 10 }));
    const onOther = failureOf(waitFor(bus, Tick, { timeoutMs: 10, scheduler: other }));
    for (const { actions } of [clock, other]) expect(actions.filter(({ closed }) => !closed)).toHaveLength(1);
    await clock.advance(10);
    expect(await onClock).toContain('within 10 ms');
    await other.advance(10);
    expect(await onOther).toContain('within 10 ms');
  });

  it('fails as soon as the bus is closed', async () => {
    const bus = createEventBus();
    const waiting = failureOf(waitFor(bus, Tick));
    bus.close();
    expect(await waiting).toMatch(
      /^Expected 'tick' within 1000 ms, but the bus was closed after \d+ ms\. Nothing arrived at all since the call; what came before it does not count\.$/,
    );
    expect(await failureOf(waitFor(bus, Tick))).toContain('the bus was closed after 0 ms');
  });

  it('ends with the reason of its signal', async () => {
    const bus = createEventBus();
    const reason = new Error('enough');
    const controller = new AbortController();
    const waiting = waitFor(bus, Tick, { signal: controller.signal });
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(waitFor(bus, Tick, { signal: controller.signal })).rejects.toBe(reason);
  });

  it('ends with what where throws', async () => {
    const bus = createEventBus();
    const broken = new Error('broken');
    const where = (): never => {
      throw broken;
    };
    const waiting = waitFor(bus, Tick, { where });
    bus.emit(Tick, 1);
    await expect(waiting).rejects.toBe(broken);
  });

  it('leaves neither a timer nor a listener behind, however it ends', async () => {
    const scheduler = new VirtualClock();
    const bus = createEventBus();
    const controller = new AbortController();
    const { signal } = controller;
    const addListener = vi.spyOn(signal, 'addEventListener');
    const removeListener = vi.spyOn(signal, 'removeEventListener');
    const found = waitFor(bus, Tick, { scheduler, signal });
    bus.emit(Tick, 1);
    await found;
    expect(addListener.mock.calls).toHaveLength(1);
    expect(removeListener.mock.calls[0]![1]).toBe(addListener.mock.calls[0]![1]);
    const late = failureOf(waitFor(bus, Tick, { scheduler, signal, timeoutMs: 5 }));
    await scheduler.advance(5);
    await late;
    const stopped = waitFor(bus, Tick, { scheduler, signal });
    controller.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
    expect(scheduler.actions.filter(({ closed }) => !closed)).toStrictEqual([]);
    expect(bus.subject(Tick).observed).toBe(false);
  });

  it.each([undefined, null, 5, {}])('refuses a bus that is %s', async (wrong) => {
    const waiting = waitFor(wrong as EventBus, Tick);
    await expect(waiting).rejects.toThrow(InvalidOptionError);
    await expect(waiting).rejects.toThrow(/^Expected a bus, or the view of one that asReadonly gives, got /);
  });

  it.each([
    ['user.', /^Expected a pattern/],
    [[], /^Expected an event, a list of events or a pattern, got an empty list/],
    [undefined, /^Expected an event definition/],
  ])('refuses a source that is %s', async (wrong, message) => {
    await expect(waitFor(createEventBus(), wrong as unknown as EventDefinition)).rejects.toThrow(message);
  });

  it.each([
    [5, /^Expected the options of waitFor to be an object of options, got 5/],
    [{ timeout: 5 }, /^Expected options of waitFor \('where', 'timeoutMs', 'signal', 'scheduler'\), got 'timeout'/],
    [{ timeoutMs: 0 }, /^Expected timeoutMs to be milliseconds > 0/],
    [{ timeoutMs: Infinity }, /^Expected timeoutMs/],
    [{ where: { userId: 'u1' } }, /^Expected where to be a function, got an object/],
  ])('refuses options that are %s', async (wrong, message) => {
    await expect(waitFor(createEventBus(), Tick, wrong as WaitForOptions)).rejects.toThrow(message);
  });

  it('refuses a where that answers later: a promise is always true', async () => {
    const bus = createEventBus();
    const where = (async () => false) as unknown as () => boolean;
    const waiting = waitFor(bus, Tick, { where });
    bus.emit(Tick, 1);
    await expect(waiting).rejects.toThrow('Expected where to answer at once, got a promise.');
  });
});
