import { createEventBus, defineEvent, type EventMessage, payload } from 'millrace';
import type { ExplorationContext } from 'millrace/testing';
import { Breaches, expectThat } from './expect-that.ts';

/** What a handler sends carries which event it follows from, and which one began it all, so that the headers can be held to it. */
interface Step {
  readonly number: number;
  readonly depth: number;
  readonly cause?: string;
  readonly root?: string;
}

const Ping = defineEvent('ping', payload<Step>());
const Pong = defineEvent('pong', payload<Step>());

/** What a bus never does, however its handlers emit: show events to one handler in another order than to the next, or tell a wrong cause. */
export async function busOrderScenario({ schedule, flaky, timeline, time }: ExplorationContext): Promise<void> {
  const handlers = 2 + schedule.upTo(2);
  const depth = schedule.upTo(3);
  const breaches = new Breaches();
  using bus = createEventBus();
  if (schedule.chance(0.3)) timeline(bus);
  const seen: number[][] = [];
  let sent = 0;

  const plain: number[] = [];
  for (let index = 0; index < handlers; index++) {
    const own: number[] = [];
    seen.push(own);
    const work = flaky<EventMessage<string, Step>, Sender>(react, { failures: 0.2, maxDelayMs: 6 });
    bus.on(
      index === 0 ? [Ping, Pong] : '*',
      (event, context) => {
        const step = event as EventMessage<string, Step>;
        if (context.attempt === 1) own.push(step.data.number);
        breaches.note(() => expectChain(step));
        // What is sent before the work begins is sent synchronously within another delivery.
        if (index === 0 && schedule.chance(0.3)) react(step, context);
        return work(step, context);
      },
      { name: `handler ${index}`, retry: { maxAttempts: 2, delayMs: schedule.oneOf([0, 4]) } },
    );
  }
  bus.events('*').subscribe((event) => plain.push((event as EventMessage<string, Step>).data.number));

  for (let count = 1 + schedule.upTo(4); count > 0; count--) {
    const data = { number: sent++, depth };
    if (schedule.chance(0.3)) void bus.publish(Ping, data);
    else bus.emit(Ping, data);
    const gapMs = schedule.oneOf([0, 0, 2, 9]);
    if (gapMs > 0) await time.advance(gapMs);
  }

  const { completed } = await bus.drain();
  expectThat(completed, 'a drain without a deadline to finish all', bus.stats());
  breaches.expectNone();
  for (const own of seen) {
    expectThat(String(own) === String(plain), 'all to see all events in the same order', { plain, own });
  }
  expectThat(new Set(plain).size === sent && plain.length === sent, `each of ${sent} events to be seen once`, plain);
  expectThat(bus.stats().emitted === sent, `${sent} events to be counted`, bus.stats().emitted);

  function react({ id, data }: EventMessage<string, Step>, { emit }: Sender): void {
    if (data.depth === 0 || sent > 40) return;
    for (let count = schedule.upTo(2); count > 0; count--) {
      const next = { number: sent++, depth: data.depth - 1 };
      const type = schedule.oneOf([Pong, Ping]);
      if (schedule.chance(0.2) && bus.stats().state === 'open') bus.emit(type, next);
      else emit(type, { ...next, cause: id, root: data.root ?? id });
    }
  }
}

interface Sender {
  readonly attempt: number;
  readonly signal: AbortSignal;
  readonly emit: (definition: typeof Ping | typeof Pong, data: Step) => unknown;
}

function expectChain({ data: { cause, root }, headers }: EventMessage<string, Step>): void {
  expectThat(headers.causationId === cause, `the cause ${cause}`, headers);
  expectThat(headers.correlationId === root, `the correlation ${root}`, headers);
}
