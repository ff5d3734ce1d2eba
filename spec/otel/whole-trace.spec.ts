import { SpanStatusCode } from '@opentelemetry/api';
import {
  type Broker,
  createBrokeredBus,
  createRepository,
  defineAggregate,
  defineEvent,
  memoryBroker,
  memoryEventStore,
  payload,
  relay,
  runProjection,
} from 'millrace';
import { jetStreamBroker } from 'millrace/nats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kafkaUrl, openKafka } from '../support/kafka.ts';
import { natsUrl, ownName } from '../support/nats.ts';
import {
  disableContexts,
  drawTree,
  expectConventions,
  recordSpans,
  registerContexts,
  within,
} from './recorded-spans.ts';

beforeEach(registerContexts);
afterEach(disableContexts);

describe.each([
  { system: 'memory', isHere: true, open: async (): Promise<Broker> => memoryBroker() },
  {
    system: 'jetstream',
    isHere: natsUrl !== undefined,
    open: (name: string) =>
      jetStreamBroker({
        connect: { servers: natsUrl! },
        name: 'jetstream',
        stream: { name },
        subjectPrefix: `${name}.`,
      }),
  },
  { system: 'kafka', isHere: kafkaUrl !== undefined, open: () => openKafka() },
])('one trace through $system', ({ system, isHere, open }) => {
  it.skipIf(!isHere)(
    'shows a sign-up, its outbox, its handlers, a retry, a dead letter and its redrive',
    { timeout: 60_000 },
    async () => {
      const name = ownName('trace');
      const SignedUp = defineEvent(`${name}.signed-up`, payload<{ email: string }>());
      const Welcomed = defineEvent(`${name}.welcomed`, payload<{ email: string }>());
      const User = defineAggregate({
        name: 'user',
        initial: 0,
        decide: (email: string) => ({ type: SignedUp.type, data: { email } }),
        evolve: (count: number) => count + 1,
      });
      // Two programs, with an SDK each: what they share is in the headers.
      const web = recordSpans();
      const mail = recordSpans();
      await using store = memoryEventStore();
      await using broker = await open(name);
      await using outbox = relay(store, broker, { probe: web.probe });
      const users = createRepository(store, User, { probe: web.probe });
      const totals = runProjection(store, { name: 'totals', on: () => undefined }, { probe: web.probe });
      let isMended = false;
      const listen = () => {
        const bus = createBrokeredBus(broker, { group: name, probe: mail.probe, from: 'earliest' });
        bus.on(
          SignedUp,
          async ({ data }, { emit }) => {
            mail.provider.getTracer('user').startSpan('smtp').end();
            if (!isMended) throw new RangeError('mailbox full');
            emit(Welcomed, data);
          },
          { name: 'welcome', retry: { maxAttempts: 2, delayMs: 1 } },
        );
        bus.on(Welcomed, () => undefined, { name: 'audit' });
        return bus;
      };
      {
        await using bus = listen();
        await bus.ready;
        await within(web, 'POST /users', () => users.execute('ada', 'ada@example.org'));
        await outbox.caughtUp();
        await totals.caughtUp();
        await expect.poll(() => bus.stats().handlers[0], { timeout: 30_000 }).toMatchObject({ dead: 1, pending: 0 });
        await bus.drain();
      }
      // As another process, later.
      isMended = true;
      await using bus = listen();
      await bus.ready;
      expect(await bus.deadLetters.redrive()).toMatchObject({ redriven: 1, handled: 1 });
      await expect.poll(() => bus.stats().handlers[1], { timeout: 30_000 }).toMatchObject({ handled: 1 });
      await bus.drain();
      await outbox.drain();
      await totals.drain();

      const spans = [...web.spans(), ...mail.spans()];
      expect(drawTree(spans).map((line) => line.replaceAll(name, 'own'))).toStrictEqual([
        'INTERNAL POST /users',
        '  PRODUCER append own.signed-up',
        ...[
          `    CONSUMER process own.signed-up by relay to ${system} (1 link)`,
          '    CONSUMER process own.signed-up by totals',
        ].toSorted((one, other) => orderOf(spans, one) - orderOf(spans, other)),
        '    CONSUMER process own.signed-up by welcome ERROR RangeError',
        '      INTERNAL smtp',
        '      INTERNAL smtp',
        '    CONSUMER process own.signed-up by welcome (1 link)',
        '      INTERNAL smtp',
        '      PRODUCER publish own.welcomed',
        '        CONSUMER process own.welcomed by audit',
      ]);
      expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
      expectConventions(spans);
      expect([web.open(), mail.open()]).toStrictEqual([[], []]);

      const [failed, redriven] = spans.filter(
        ({ attributes }) => attributes['messaging.destination.subscription.name'] === 'welcome',
      );
      expect(failed!.status).toStrictEqual({ code: SpanStatusCode.ERROR, message: 'mailbox full' });
      expect(failed!.attributes).toMatchObject({
        'messaging.system.name': system,
        'messaging.consumer.group.name': name,
        'millrace.attempts': 2,
        'millrace.outcome': 'dead',
      });
      expect(redriven!.links[0]!.context.spanId).toBe(failed!.spanContext().spanId);
      expect(redriven!.attributes).toMatchObject({ 'millrace.outcome': 'handled', 'millrace.redriven': 1 });
    },
  );
});

/** When a handler's first span began: those of one event begin in any order. */
function orderOf(spans: ReturnType<ReturnType<typeof recordSpans>['spans']>, line: string): number {
  return spans.findIndex(({ attributes }) =>
    line.includes(`by ${String(attributes['messaging.destination.subscription.name'])}`),
  );
}
