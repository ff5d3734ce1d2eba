import { copyMessage, createEventBus, type EventMessage } from 'millrace';
import { describe, expect, it, vi } from 'vitest';
import { Tick, UserSignedUp } from '../support/events.ts';

/** Emits one event and returns its message. */
function emitted(createId: (time: number) => string): EventMessage<'tick', number> {
  const bus = createEventBus({ createId });
  let message: EventMessage<'tick', number> | undefined;
  bus.on(Tick, (event) => void (message = event));
  bus.emit(Tick, 1);
  return message!;
}

describe('the id of a message', () => {
  it('is made when it is first read: an emit that nobody asks pays for none', () => {
    const createId = vi.fn(() => 'id');
    const message = emitted(createId);
    expect(createId).not.toHaveBeenCalled();
    expect(message.id).toBe('id');
    expect(createId).toHaveBeenCalledOnce();
  });

  it('is made once, from the time of the message', () => {
    let made = 0;
    const message = emitted((time) => `${time}-${++made}`);
    const expected = `${message.time}-1`;
    expect([message.id, message.id, message.toJSON().id]).toStrictEqual([expected, expected, expected]);
  });

  it('is a random UUID by default', () => {
    const ids = Array.from({ length: 100 }, () => Tick.create(1).id);
    for (const id of ids) expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/u);
    expect(new Set(ids).size).toBe(100);
  });

  it('is the given one, if one is given', () => {
    expect(Tick.create(1, { id: 'mine' }).id).toBe('mine');
  });
});

describe('a message as plain data', () => {
  it('goes through JSON with its id, and without what was not set', () => {
    const message = UserSignedUp.create({ userId: 'u1' }, { time: 7 });
    expect(JSON.parse(JSON.stringify(message))).toStrictEqual({
      id: message.id,
      type: 'user.signed_up',
      time: 7,
      data: { userId: 'u1' },
      headers: {},
    });
  });

  it('keeps its id when JSON reads it first', () => {
    const message = UserSignedUp.create({ userId: 'u1' });
    const { id } = JSON.parse(JSON.stringify({ wrapped: [message] })).wrapped[0];
    expect(message.id).toBe(id);
  });

  it('can be cloned by toJSON, which is what structuredClone needs', () => {
    const message = UserSignedUp.create({ userId: 'u1' }, { subject: 'u1' });
    const plain = message.toJSON();
    const clone = structuredClone(plain);
    expect(clone).toStrictEqual(plain);
    expect(clone.id).toBe(message.id);
  });

  // The documented trap, pinned down: a getter is not an own property.
  it('loses its id when it is spread or structuredCloned itself: hence toJSON and copyMessage', () => {
    const message = UserSignedUp.create({ userId: 'u1' });
    expect({ ...message }).not.toHaveProperty('id');
    expect(structuredClone(message)).not.toHaveProperty('id');
    expect({ ...message.toJSON() }).toHaveProperty('id', message.id);
  });
});

describe('copyMessage', () => {
  const original = UserSignedUp.create(
    { userId: 'u1' },
    { id: 'm1', time: 7, source: 'shop', subject: 'u1', headers: { correlationId: 'c1' } },
  );

  it('keeps everything that is not changed, the id included', () => {
    expect(copyMessage(original).toJSON()).toStrictEqual(original.toJSON());
  });

  it('keeps an id that has not been read yet', () => {
    const fresh = UserSignedUp.create({ userId: 'u1' });
    const copy = copyMessage(fresh, { subject: 'u1' });
    expect(copy.id).toBe(fresh.id);
  });

  it.each([
    ['id', { id: 'm2' }],
    ['time', { time: 8 }],
    ['source', { source: 'import' }],
    ['subject', { subject: 'u2' }],
    ['headers', { headers: { tenant: 'acme' } }],
    ['data', { data: { userId: 'u2' } }],
  ])('changes the %s alone', (_, changes) => {
    expect(copyMessage(original, changes).toJSON()).toStrictEqual({ ...original.toJSON(), ...changes });
  });

  it.each(['source', 'subject'] as const)('clears the %s by undefined', (name) => {
    expect(copyMessage(original, { [name]: undefined })[name]).toBeUndefined();
  });

  it('can set the data to undefined', () => {
    expect(copyMessage(original as EventMessage, { data: undefined }).data).toBeUndefined();
  });

  it('leaves the original as it was', () => {
    const before = original.toJSON();
    copyMessage(original, { id: 'm2', data: { userId: 'u2' }, headers: {} });
    expect(original.toJSON()).toStrictEqual(before);
  });

  it('copies a message of any other make, such as one that came from JSON', () => {
    const plain = original.toJSON();
    const foreign: EventMessage<'user.signed_up', { userId: string }> = { ...plain, toJSON: () => plain };
    expect(copyMessage(foreign, { subject: 'u2' }).toJSON()).toStrictEqual({ ...plain, subject: 'u2' });
  });
});

describe('the stamps of a bus', () => {
  it('are the time of its scheduler and its source, which options overrule', () => {
    const bus = createEventBus({ source: 'shop' });
    const seen: EventMessage[] = [];
    bus.on(Tick, (event) => void seen.push(event));
    bus.emit(Tick, 1);
    bus.emit(Tick, 2, { source: 'import', time: 3 });
    expect(seen.map(({ source }) => source)).toStrictEqual(['shop', 'import']);
    expect(seen[1]!.time).toBe(3);
  });

  it('share one frozen object where there are no headers', () => {
    const [one, other] = [Tick.create(1), Tick.create(2)];
    expect(one.headers).toBe(other.headers);
    expect(Object.isFrozen(one.headers)).toBe(true);
  });
});
