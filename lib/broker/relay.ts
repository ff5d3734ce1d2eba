/// <reference lib="esnext.disposable" preserve="true" />
import type { EventEmitter } from '../bus/event-emitter.ts';
import { defineEvent, type EventDefinition } from '../core/event-definition.ts';
import { ClosedError, InvalidOptionError, MillraceError } from '../core/errors.ts';
import type { MessageHeaders, PlainMessage } from '../core/message.ts';
import { expectOptions, show } from '../core/options.ts';
import type { PublishReport } from '../core/outcome.ts';
import { payload } from '../core/schema.ts';
import type { RetryPolicy } from '../flow/retry-policy.ts';
import type { EventStore, StreamSelection } from '../sourcing/event-store.ts';
import type { Projection, ProjectionOptions } from '../sourcing/projection.ts';
import type { RecordedEvent } from '../sourcing/recorded-event.ts';
import { runProjection } from '../sourcing/run-projection.ts';
import type { Broker } from './broker.ts';
import { cloudEvent } from './wire/cloud-event.ts';

/** How a store's events are relayed. */
export interface RelayOptions extends Pick<
  ProjectionOptions,
  'checkpointEveryMs' | 'checkpoints' | 'from' | 'leaseMs' | 'probe' | 'random' | 'scheduler'
> {
  /** Under which name its progress is kept: unique among the projections and relays of a store. @defaultValue 'relay to bus', or 'relay to ' and the broker's name */
  readonly name?: string;
  /** Which events; a bus needs their definitions, by whose schemas it checks them. @defaultValue to a broker: all */
  readonly events?: readonly EventDefinition[];
  /** Events of these streams only. @defaultValue all */
  readonly streams?: StreamSelection | readonly StreamSelection[];
  /** Events that a broker is given at a time; ≥ 1. @defaultValue 100 */
  readonly maxBatchSize?: number;
  /** When an event that could not be published is published again; those behind it wait. What is not given stays as it is. @defaultValue for ever, after 100 ms and growing to 30 s, unless the target is closed */
  readonly retry?: RetryPolicy;
}

/** A relay at work, or waiting for its turn: only one process relays at a time. */
export interface Relay
  extends Pick<Projection, 'caughtUp' | 'close' | 'drain' | 'errors' | 'name' | 'resume' | 'stats'>, AsyncDisposable {}

/** Where a relay can publish. */
export type RelayTarget = Broker | Pick<EventEmitter<EventDefinition, PublishReport>, 'ingestAsync'>;

/**
 * The transactional outbox: publishes what was appended to a store, in its order, and at least once. An event that was stored gets out, whatever crashes, and one that was not stored does not;
 * what comes twice has the same id, by which brokers and handlers recognise it.
 *
 * To a bus in this process, an event is done when all its handlers have ended; what they cannot handle is in the bus's dead letters, and what they have not taken comes again. To a broker, when it has confirmed: as a CloudEvent, its type the
 * topic and its stream the key. Headers `stream` and `streamVersion` say where it comes from.
 *
 * After C. Richardson, "Pattern: Transactional outbox" (microservices.io).
 *
 * @throws InvalidOptionError for a target or an option that cannot work
 *
 * @example
 * ```ts
 * import { memoryBroker, memoryEventStore, relay } from 'millrace';
 *
 * await using store = memoryEventStore();
 * await using broker = memoryBroker();
 * await using outbox = relay(store, broker);
 * await store.append('order-1', { type: 'order.placed', data: { total: 40 } });
 * await outbox.caughtUp(); // the broker has it
 * ```
 */
export function relay(store: EventStore, target: RelayTarget, options: RelayOptions = {}): Relay {
  const { name, events, maxBatchSize = 100, retry, streams, ...running } = expectOptions('options', options);
  const basics = {
    // Types only: a bus checks what comes in by itself, and a broker carries what is stored.
    ...(events !== undefined && { events: events.map(({ type }) => defineEvent(type, payload())) }),
    ...(streams !== undefined && { streams }),
    retry: { ...FOR_EVER, ...expectOptions('retry', retry) },
  };
  if (isBroker(target)) {
    const publish = async (batch: readonly RecordedEvent[]): Promise<void> => {
      await target.publish(
        batch.map((event) => cloudEvent(outgoing(event), { source: store.name, key: event.stream })),
      );
    };
    const batch = { maxSize: maxBatchSize, maxWaitMs: 0 };
    return runProjection(store, { ...basics, name: name ?? `relay to ${target.name}`, on: publish, batch }, running);
  }
  const definitions = new Map(expectDefinitions(target, events).map((definition) => [definition.type, definition]));
  const ingest = async (event: RecordedEvent): Promise<void> => {
    const { data, ...message } = outgoing(event);
    expectTaken(await target.ingestAsync(definitions.get(event.type)!, data, message));
  };
  return runProjection(store, { ...basics, name: name ?? 'relay to bus', on: ingest }, running);
}

const FOR_EVER: RetryPolicy = /* @__PURE__ */ Object.freeze({
  maxAttempts: Infinity,
  delayMs: 100,
  maxDelayMs: 30_000,
  jitter: 'equal',
  // What cannot be sent now cannot be sent later.
  retryIf: (error: unknown) => !(error instanceof InvalidOptionError || error instanceof ClosedError),
});

/** What a broker has confirmed, or handlers have handled, or have a letter of, is done. What a handler has not taken, or was given up as its bus closed, is not. */
function expectTaken(report: PublishReport | false): void {
  if (report === false || report.stage === 'confirmed') return;
  for (const { name, outcome, reason, error } of report.handlers) {
    if (outcome !== 'rejected' && reason !== 'abandoned') continue;
    throw new MillraceError(
      'ABANDONED',
      `Expected handler '${name}' to take an event that was stored, got '${outcome}'.`,
      {
        cause: error,
      },
    );
  }
}

/** The event as others see it. */
function outgoing({ id, type, time, data, source, subject, headers, stream, version }: RecordedEvent): PlainMessage {
  const origin: MessageHeaders = { stream, streamVersion: String(version) };
  return {
    id,
    type,
    time,
    data,
    ...(source !== undefined && { source }),
    ...(subject !== undefined && { subject }),
    headers: { ...headers, ...origin },
  };
}

function isBroker(target: RelayTarget): target is Broker {
  return typeof target === 'object' && target !== null && 'capabilities' in target;
}

function expectDefinitions(
  target: RelayTarget,
  events: readonly EventDefinition[] | undefined,
): readonly EventDefinition[] {
  if (typeof (target as { ingestAsync?: unknown } | undefined)?.ingestAsync !== 'function') {
    throw new InvalidOptionError(`Expected a target that is a bus or a broker, got ${show(target)}.`);
  }
  if (events !== undefined) return events;
  throw new InvalidOptionError(
    'Expected events, the definitions of what is relayed to a bus, got none. Name them: relay(store, bus, { events: [Deposited, Withdrawn] }).',
  );
}
