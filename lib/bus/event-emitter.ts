import type { DataOf, EventDefinition } from '../core/event-definition.ts';
import type { MessageOptions } from '../core/message.ts';
import type { DeliveryReport, PublishReport } from '../core/outcome.ts';

/** Data and options of an emit; data may be left out where the event has none (`payload<void>()`). */
export type Payload<Definition, Options> =
  undefined extends DataOf<Definition>
    ? [data?: DataOf<Definition>, options?: Options]
    : [data: DataOf<Definition>, options?: Options];

/** What may be set on a published message, and when to stop waiting for its report. */
export interface PublishOptions extends MessageOptions {
  /** Rejects the promise; handlers that wait for room are not given the event, those that took it go on. */
  readonly signal?: AbortSignal;
}

/** The side of a bus that sends. */
export interface EventEmitter<
  Known extends EventDefinition = EventDefinition,
  Report extends PublishReport = DeliveryReport,
> {
  /**
   * Sends an event and forgets it. Idle handlers start before this returns; from inside a handler, the event is queued behind the one
   * in progress.
   *
   * @returns whether every handler handles it or lets it wait; `true` from inside a handler
   * @throws ClosedError after `close` or while draining; OverflowError when a handler with `overflow: 'fail'` had no room (the others have it);
   * SchemaError with `validate`; MillraceError `EMIT_LOOP` in an endless ping-pong
   */
  emit<Definition extends Known>(definition: Definition, ...payload: Payload<Definition, MessageOptions>): boolean;
  /**
   * Sends an event, waiting for room where handlers suspend, and reports when every handler has ended; across a broker, when the broker has confirmed it. Never
   * rejects because a handler failed.
   *
   * @throws ClosedError, SchemaError with `validate`, the reason of an aborted `signal`
   */
  publish<Definition extends Known>(
    definition: Definition,
    ...payload: Payload<Definition, PublishOptions>
  ): Promise<Report>;
  /**
   * Takes data from outside: checked by the event's schema, then emitted. What does not fit becomes an `invalid` dead letter.
   *
   * @returns whether the data was valid
   * @throws MillraceError `ASYNC_SCHEMA` when the schema cannot answer at once: use `ingestAsync`
   */
  ingest(definition: Known, raw: unknown, options?: MessageOptions): boolean;
  /**
   * As `ingest`, for schemas that answer later and for sources that can wait: what is valid is published.
   *
   * @returns the report when every handler has ended, or `false` for data that is not valid
   */
  ingestAsync(definition: Known, raw: unknown, options?: PublishOptions): Promise<Report | false>;
}
