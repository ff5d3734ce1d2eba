import { createEventBus, defineEvent, payload } from 'millrace';
import { diagram, explore, flaky, marbles, record, timeline, virtualTest } from 'millrace/testing';
import 'millrace/testing/vitest';
import { debounceTime, map } from 'rxjs';
import { expect, it } from 'vitest';

const UserSignedUp = defineEvent('user.signed_up', payload<{ userId: string }>());

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
    using bus = createEventBus();
    using picture = timeline(bus);
    const welcome = flaky(() => {}, 'x@5ms x@5ms ok@5ms');
    bus.on(UserSignedUp, welcome, {
      name: 'welcome-mail',
      retry: { maxAttempts: 3, delayMs: 10, multiplier: 2 },
    });
    await bus.publish(UserSignedUp, { userId: 'u1' });
    expect(time.now).toBe(45);
    expect(String(picture)).toMatchInlineSnapshot(`
      "ms              0    5    10   15   20   25   30   35   40   45
      user.signed_up  a---------------------------------------------
      welcome-mail    a~~~~x---------2~~~~x-------------------3~~~~|"
    `);
  }),
);

it(
  'draws a stream',
  virtualTest(async ({ time }) => {
    using bus = createEventBus();
    using picture = diagram(bus.deadLetters.pipe(map(({ reason }) => reason)));
    const hasty = flaky(() => {}, 'x@5ms');
    bus.on(UserSignedUp, hasty);
    bus.emit(UserSignedUp, { userId: 'u1' });
    await time.runAll();
    expect(String(picture)).toBe("-----a\na = 'exhausted'");
  }),
);

it('tells what became of an event', async () => {
  using bus = createEventBus();
  using recorded = record(bus);
  const welcome = flaky(() => {}, 'x');
  bus.on(UserSignedUp, welcome, { name: 'welcome-mail' });
  await bus.publish(UserSignedUp, { userId: 'u1' });
  expect(bus).toHaveEmitted(UserSignedUp, { userId: expect.stringMatching(/^u/) });
  expect(bus).toHaveSettled(UserSignedUp, { handler: 'welcome-mail', outcome: 'dead', attempts: 1 });
  expect(recorded).toHaveDeadLettered('user.*', { reason: 'exhausted' });
  // @ts-expect-error -- such data it never has.
  expect(bus).not.toHaveEmitted(UserSignedUp, { userId: 1 });
});

it('loses no event, in whatever order its handlers end', async () => {
  const { runs } = await explore(
    async ({ flaky: unreliable }) => {
      using bus = createEventBus();
      const welcome = bus.on(
        UserSignedUp,
        unreliable(() => {}),
        { concurrency: 2, retry: { maxAttempts: 2 } },
      );
      for (const userId of ['u1', 'u2', 'u3']) bus.emit(UserSignedUp, { userId });
      await bus.drain();
      const { handled, dead } = welcome.stats();
      expect(handled + dead).toBe(3);
    },
    { runs: 100, seed: 1 },
  );
  expect(runs).toBe(100);
});
