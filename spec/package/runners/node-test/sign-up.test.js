import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createEventBus, defineEvent, payload } from 'millrace';
import { diagram, flaky, record, timeline } from 'millrace/testing';
import { debounceTime, map } from 'rxjs';
import { marbles, virtualTest } from './kit.js';

const UserSignedUp = defineEvent('user.signed_up', payload());

it(
  'waits until nobody types',
  marbles((m) => {
    const typed$ = m.hot('a-b---c|');
    m.expect(typed$.pipe(debounceTime(3))).toBeObservable('-----b-(c|)');
  }),
);

it(
  'welcomes at the third attempt',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    const picture = timeline(bus);
    const welcome = flaky(() => {}, 'x@5ms x@5ms ok@5ms');
    bus.on(UserSignedUp, welcome, {
      name: 'welcome-mail',
      retry: { maxAttempts: 3, delayMs: 10, multiplier: 2 },
    });
    await bus.publish(UserSignedUp, { userId: 'u1' });
    assert.equal(time.now, 45);
    assert.deepEqual(String(picture).split('\n'), [
      'ms              0    5    10   15   20   25   30   35   40   45',
      'user.signed_up  a---------------------------------------------',
      'welcome-mail    a~~~~x---------2~~~~x-------------------3~~~~|',
    ]);
  }),
);

it(
  'draws a stream',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    const picture = diagram(bus.deadLetters.pipe(map(({ reason }) => reason)));
    const hasty = flaky(() => {}, 'x@5ms');
    bus.on(UserSignedUp, hasty);
    bus.emit(UserSignedUp, { userId: 'u1' });
    await time.runAll();
    assert.equal(String(picture), "-----a\na = 'exhausted'");
  }),
);

it('tells what became of an event', async () => {
  const bus = createEventBus();
  const recorded = record(bus);
  const welcome = flaky(() => {}, 'x');
  bus.on(UserSignedUp, welcome, { name: 'welcome-mail' });
  await bus.publish(UserSignedUp, { userId: 'u1' });
  assert.equal(recorded.published(UserSignedUp).length, 1);
  const [letter] = recorded.deadLettered(UserSignedUp);
  assert.equal(letter?.handler, 'welcome-mail');
  assert.equal(letter?.reason, 'exhausted');
});
