// A user's test in a browser, without a runner: consumers.spec.ts builds it, and runs it where Node's globals are gone.
import { createEventBus, defineEvent, payload } from 'millrace';
import { flaky, marbles, timeline, virtualTest } from 'millrace/testing';
import { delay } from 'rxjs';

const UserSignedUp = defineEvent('user.signed_up', payload<{ userId: string }>());

const stock = marbles((m) => {
  m.expect(m.cold('a|').pipe(delay(2))).toBeObservable('--(a|)');
});
stock();

const virtual = virtualTest(async ({ time }) => {
  const bus = createEventBus();
  const picture = timeline(bus);
  const welcome = flaky(() => {}, 'x@5ms ok@5ms');
  bus.on(UserSignedUp, welcome, { name: 'welcome-mail', retry: { maxAttempts: 2, delayMs: 10 } });
  await bus.publish(UserSignedUp, { userId: 'u1' });
  console.log(`${time.now} ms\n${String(picture)}`);
});
await virtual();
