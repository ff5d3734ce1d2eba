import { ClosedError, createEventStore, type EventStore, InvalidOptionError } from 'millrace';
import { expect, it } from 'vitest';
import { LockingBackend } from '../support/locking-backend.ts';

function open(): { readonly backend: LockingBackend; readonly store: EventStore } {
  const backend = new LockingBackend();
  return { backend, store: createEventStore(backend) };
}

it('takes a lock, and gives it up once', async () => {
  const { backend, store } = open();
  const release = await store.lock!('projection');
  expect([...backend.held]).toStrictEqual(['projection']);
  release();
  const next = await store.lock!('projection');
  release(); // It is another's now.
  expect([...backend.held]).toStrictEqual(['projection']);
  next();
  expect(backend.held.size).toBe(0);
});

it('gives up its locks and refuses those who wait when it closes', async () => {
  const { backend, store } = open();
  await store.lock!('projection');
  const waiting = store.lock!('projection');
  const refused = expect(waiting).rejects.toThrow(ClosedError);
  await store.close();
  await refused;
  expect(backend.held.size).toBe(0);
  await expect(store.lock!('projection')).rejects.toThrow(ClosedError);
});

it("ends a wait with the signal's reason, and takes nothing", async () => {
  const { backend, store } = open();
  const release = await store.lock!('projection');
  const controller = new AbortController();
  const waiting = store.lock!('projection', controller.signal);
  const refused = expect(waiting).rejects.toBe('enough');
  controller.abort('enough');
  await refused;
  release();
  expect(backend.held.size).toBe(0);
  await expect(store.lock!('projection', AbortSignal.abort('late'))).rejects.toBe('late');
});

it('takes nothing when the lock is granted in the moment in which the wait ends', async () => {
  const { backend, store } = open();
  const controller = new AbortController();
  const waiting = store.lock!('projection', controller.signal);
  controller.abort('enough');
  await expect(waiting).rejects.toBe('enough');
  expect(backend.held.size).toBe(0);
});

it('refuses a name that is none', async () => {
  await expect(open().store.lock!('')).rejects.toThrow(InvalidOptionError);
});
