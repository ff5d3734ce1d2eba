import type { SchedulerLike } from 'rxjs';
import type { DeadLetterQueue } from '../process/dead-letter-queue.ts';
import type { Handler } from '../process/handler.ts';
import { type HandlerOptions, type ProcessorOptions, processorSettings } from '../process/processor-options.ts';
import type { Probes } from '../process/watch.ts';
import type { DocumentStore } from './document-store.ts';
import type { EventStore, StreamSelection } from './event-store.ts';
import type { ProjectionOptions } from './projection.ts';
import type { Checkpoint, RecordedEvent } from './recorded-event.ts';

/** A projection's definition and options, checked. */
export interface ProjectionSettings {
  readonly name: string;
  readonly store: EventStore;
  /** With `batch` among the engine's options it is given arrays. */
  readonly handler: Handler<RecordedEvent>;
  readonly engine: ProcessorOptions<RecordedEvent>;
  readonly types: readonly string[] | undefined;
  readonly streams: readonly StreamSelection[] | undefined;
  readonly from: 'end' | 'start';
  readonly onFailure: 'dead-letter' | 'stop';
  readonly prepare: ((generation: number) => unknown) | undefined;
  readonly discard: ((generation: number) => unknown) | undefined;
  readonly checkpoints: DocumentStore;
  readonly deadLetters: DeadLetterQueue<RecordedEvent>;
  readonly leaseMs: number;
  readonly checkpointEveryMs: number;
  readonly probe: Probes | undefined;
  readonly scheduler: SchedulerLike;
}

/**
 * The options of a projection's engine.
 *
 * @throws InvalidOptionError for one that cannot work
 */
export function engineOptions(
  handling: HandlerOptions<RecordedEvent>,
  { name, scheduler, random, createId }: ProjectionOptions & { readonly name: string },
): ProcessorOptions<RecordedEvent> {
  const options: ProcessorOptions<RecordedEvent> = {
    ...handling,
    name,
    // Nothing that a store keeps may be dropped.
    overflow: 'suspend',
    strategy: 'queue',
    ...(scheduler !== undefined && { scheduler }),
    ...(random !== undefined && { random }),
    ...(createId !== undefined && { createId }),
  };
  processorSettings(options);
  return options;
}

/** Whether the store has an event for a projection behind a place, and at or below a position. Rejects with the signal's reason. */
export async function hasMore(
  { store, types, streams }: ProjectionSettings,
  after: Checkpoint | undefined,
  signal: AbortSignal | undefined,
  upTo: number = Infinity,
): Promise<boolean> {
  const events = store.readAll({ from: after, types, streams, ...(signal !== undefined && { signal }) });
  for await (const { position } of events) if (position <= upTo) return true;
  return false;
}
