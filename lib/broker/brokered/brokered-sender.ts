import type { BusAttempt } from '../../bus/bus-attempt.ts';
import type { PublishOptions } from '../../bus/event-emitter.ts';
import { ClosedError, InvalidOptionError, MillraceError, OverflowError } from '../../core/errors.ts';
import type { EventDefinition } from '../../core/event-definition.ts';
import { type EventMessage, type MessageOptions, stampMessage } from '../../core/message.ts';
import type { ConfirmedReport } from '../../core/outcome.ts';
import { checkData, checkDataNow } from '../../core/schema.ts';
import type { ErrorReports } from '../../process/error-reports.ts';
import type { Part } from '../../process/probe.ts';
import type { Watch } from '../../process/watch.ts';
import type { Broker } from '../broker.ts';
import { BrokerUnavailableError, TopologyError } from '../broker-errors.ts';
import type { BrokerMessage } from '../broker-message.ts';
import { expectMessage } from '../check-message.ts';
import { cloudEvent } from '../wire/cloud-event.ts';
import { BrokeredAttempt } from './brokered-attempt.ts';
import type { OutgoingStats } from './brokered-bus.ts';
import type { BrokeredHubSettings } from './brokered-hub-options.ts';
import { Outgoing } from './outgoing.ts';

/** What the sending side needs of its bus. */
export interface BrokeredSenderOptions {
  readonly broker: Broker;
  readonly settings: BrokeredHubSettings;
  readonly errors: ErrorReports;
  readonly watch: Watch;
  /** The bus, as probes see it. */
  readonly part: Part;
  /** Throws unless events are welcome. */
  readonly expectOpen: (by?: BusAttempt) => void;
  /** A message that was emitted, and that cannot be sent, now or later. */
  readonly onRefused: (message: BrokerMessage, error: unknown) => void;
  /** Called whenever all that was emitted is confirmed. */
  readonly onIdle: () => void;
}

/** The sending side of a brokered bus: from data to what the broker has confirmed. */
export class BrokeredSender {
  /** Events that were sent. */
  sent = 0;
  readonly #options: BrokeredSenderOptions;
  readonly #outgoing: Outgoing;
  /** What probes were told of, and are to be told more. */
  readonly #told = new WeakMap<BrokerMessage, EventMessage>();

  constructor(options: BrokeredSenderOptions) {
    const { broker, settings, errors, onRefused, onIdle } = options;
    this.#options = options;
    this.#outgoing = new Outgoing(settings.outgoing, {
      broker,
      scheduler: settings.scheduler,
      errors,
      onConfirmed: (messages) => this.#published(messages),
      onRefused: (message, error) => {
        this.#published([message], error);
        onRefused(message, error);
      },
      onIdle,
      onDropped: (message) => this.#published([message], new OverflowError('the outgoing buffer')),
      onGivenUp: (messages) => {
        const error = givenUp(messages);
        this.#published(messages, error);
        errors.report('outgoing', error);
      },
    });
  }

  /** Whether all that was emitted is confirmed. */
  get isIdle(): boolean {
    return this.#outgoing.isIdle;
  }

  get outgoing(): OutgoingStats {
    return this.#outgoing.stats();
  }

  /** @param by - the attempt whose handler emits */
  emit(definition: EventDefinition, data: unknown, options?: MessageOptions, by?: BusAttempt): boolean {
    const { settings, expectOpen } = this.#options;
    expectOpen(by);
    const checked = settings.validate ? checkDataNow(definition, data, 'Use publish(), which awaits it.') : data;
    return this.emitMessage(definition, this.stamp(definition, checked, options), by);
  }

  async publish(
    definition: EventDefinition,
    data: unknown,
    options?: PublishOptions,
    by?: BusAttempt,
  ): Promise<ConfirmedReport> {
    const { settings, expectOpen } = this.#options;
    expectOpen(by);
    if (outputsOf(by) !== undefined) throw inTransaction('context.publish', 'for which it cannot wait');
    options?.signal?.throwIfAborted();
    const checked = settings.validate ? await checkData(definition, data) : data;
    expectOpen(by);
    return this.publishMessage(definition, this.stamp(definition, checked, options), options?.signal);
  }

  stamp({ type }: EventDefinition, data: unknown, options: MessageOptions | undefined): EventMessage {
    const { scheduler, createId, source } = this.#options.settings;
    return stampMessage(type, data, scheduler.now(), createId, source, options);
  }

  emitMessage(definition: EventDefinition, message: EventMessage, by?: BusAttempt): boolean {
    const { watch } = this.#options;
    const sent = this.#watched(message);
    try {
      // Checked now: later, nobody could be told, and its letter could not be sent, either.
      const encoded = expectMessage(this.encode(sent, definition));
      if (watch.heedsPublishing) this.#told.set(encoded, sent);
      const outputs = outputsOf(by);
      if (outputs === undefined) {
        if (!this.#outgoing.push(encoded)) return false;
      } else {
        outputs.push(encoded);
        this.#published([encoded]);
      }
    } catch (error) {
      watch.published(sent, error);
      throw error;
    }
    this.sent++;
    return true;
  }

  async publishMessage(
    definition: EventDefinition,
    message: EventMessage,
    signal: AbortSignal | undefined,
  ): Promise<ConfirmedReport> {
    const { watch } = this.#options;
    const sent = this.#watched(message);
    try {
      const report = await this.#confirmed(this.encode(sent, definition), signal);
      watch.published(sent);
      return report;
    } catch (error) {
      watch.published(sent, error);
      throw error;
    }
  }

  async #confirmed(encoded: BrokerMessage, signal: AbortSignal | undefined): Promise<ConfirmedReport> {
    const { broker } = this.#options;
    this.sent++;
    try {
      const [receipt] = await broker.publish(encoded, signal === undefined ? {} : { signal });
      const { id, isDuplicate, sequence, isRouted } = receipt!;
      const place = sequence === undefined ? {} : { sequence };
      return { stage: 'confirmed', ok: true, unhandled: isRouted === false, id, isDuplicate, ...place };
    } catch (error) {
      throw isKnown(error, signal) ? error : unknownOutcome(encoded, broker.name, error);
    }
  }

  /** Publishes what a transactional handler has sent. */
  async publishOutputs(outputs: readonly BrokerMessage[]): Promise<void> {
    await this.#options.broker.publish(outputs);
  }

  /** An event as it is on the wire. */
  encode(message: EventMessage, definition: EventDefinition | undefined): BrokerMessage {
    const { codec, key, source } = this.#options.settings;
    return cloudEvent(message, { source, key: key(message), definition, codec });
  }

  /** With the headers that probes add. */
  #watched(message: EventMessage): EventMessage {
    const { watch, part } = this.#options;
    return watch.heedsPublishing ? watch.publishing(message, part) : message;
  }

  /** Tells probes of what was emitted. */
  #published(messages: readonly BrokerMessage[], ...error: readonly [error?: unknown]): void {
    for (const message of messages) {
      const sent = this.#told.get(message);
      if (sent !== undefined) this.#options.watch.published(sent, ...error);
    }
  }

  /** Its broker is closed: what is emitted from now on is refused. */
  brokerClosed(): void {
    this.#outgoing.brokerClosed();
  }

  /** Sends nothing more of what was emitted. @returns how many events it has given up, now or when its broker was closed */
  close(): number {
    return this.#outgoing.close();
  }
}

/** Where the messages of a transactional handler go. */
function outputsOf(by: BusAttempt | undefined): BrokerMessage[] | undefined {
  const outputs = by instanceof BrokeredAttempt ? by.outputs : undefined;
  if (outputs === undefined || by?.isOver === false) return outputs;
  throw inTransaction('a call after its end', 'which is on its way, if it succeeded');
}

/** Whether it is known that the broker has nothing: it could not be reached, was closed, refused the message, or was not asked any more. */
function isKnown(error: unknown, signal: AbortSignal | undefined): boolean {
  const kinds = [ClosedError, InvalidOptionError, BrokerUnavailableError, TopologyError];
  return kinds.some((kind) => error instanceof kind) || (signal?.aborted === true && error === signal.reason);
}

function unknownOutcome({ id }: BrokerMessage, broker: string, cause: unknown): MillraceError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MillraceError(
    'OUTCOME_UNKNOWN',
    `Expected broker '${broker}' to confirm event '${id}', got: ${why} It may have it. Publish it again with this id: publish(event, data, { id: '${id}' }).`,
    { cause },
  );
}

function inTransaction(got: string, why: string): MillraceError {
  return new MillraceError(
    'IN_TRANSACTION',
    `Expected a transactional handler to use context.emit while it is at work, got ${got}. What it sends is published with its acknowledgement, ${why}.`,
  );
}

function givenUp(messages: readonly BrokerMessage[]): MillraceError {
  const ids = messages.slice(0, 10).map(({ id }) => id);
  return new MillraceError(
    'ABANDONED',
    `Expected ${messages.length} emitted events to be confirmed, got a bus or broker that closed first: ${ids.join(', ')}${messages.length > ids.length ? ' …' : ''}. Drain with a later deadline, or use publish().`,
  );
}
