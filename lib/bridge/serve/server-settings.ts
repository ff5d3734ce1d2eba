import type { SchedulerLike } from 'rxjs';
import { InvalidOptionError } from '../../core/errors.ts';
import { expectCount, expectDelay, expectFunction, expectOneOf, expectOptions, show } from '../../core/options.ts';
import type { EventStore } from '../../sourcing/event-store.ts';
import { type AllowList, expectAllowList, expectTraffic } from '../crossing/allow-list.ts';
import { type AnyBus, schedulerOf } from '../crossing/bridged-bus.ts';
import type { Authorize } from './authorize.ts';
import { OriginCheck } from './origin-check.ts';
import type { ReplayBufferOptions, ServeEventsOptions } from './serve-events-options.ts';

/** The options of an endpoint, checked and complete. */
export interface ServerSettings {
  readonly send: AllowList;
  readonly receive: AllowList;
  readonly store: EventStore | undefined;
  readonly from: 'end' | 'start';
  readonly buffer: Required<ReplayBufferOptions>;
  readonly authorize: Authorize | undefined;
  readonly path: string | undefined;
  readonly origins: OriginCheck;
  readonly maxClients: number;
  readonly maxPublishing: number;
  readonly heartbeatMs: number;
  readonly maxStallMs: number;
  readonly maxStreamMs: number;
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
  readonly maxEventBytes: number;
  readonly maxBatchSize: number;
  readonly replyWithinMs: number;
  readonly scheduler: SchedulerLike;
}

/**
 * Checks the options of an endpoint.
 *
 * @throws InvalidOptionError
 */
export function serverSettings(bus: AnyBus, options: ServeEventsOptions): ServerSettings {
  const send = expectAllowList('send', options.send, bus);
  const receive = expectAllowList('receive', options.receive, bus);
  expectTraffic(send, receive);
  return {
    send,
    receive,
    store: expectStore(options),
    from: expectOneOf('from', options.from ?? 'end', ['end', 'start']),
    buffer: bufferOf(options.buffer),
    authorize: expectFunction('authorize', options.authorize),
    path: expectPath(options.path),
    origins: new OriginCheck(options.origins),
    maxClients: expectCount('maxClients', options.maxClients ?? 1_000, 1),
    maxPublishing: expectCount('maxPublishing', options.maxPublishing ?? 64, 1),
    heartbeatMs: expectDelay('heartbeatMs', options.heartbeatMs ?? 15_000, true),
    maxStallMs: expectDelay('maxStallMs', options.maxStallMs ?? 60_000, true),
    maxStreamMs: expectDelay('maxStreamMs', options.maxStreamMs ?? 3_600_000, true),
    maxBodyBytes: expectCount('maxBodyBytes', options.maxBodyBytes ?? 1_048_576, 1),
    bodyTimeoutMs: expectDelay('bodyTimeoutMs', options.bodyTimeoutMs ?? 30_000, true),
    maxEventBytes: expectCount('maxEventBytes', options.maxEventBytes ?? 262_144, 1),
    maxBatchSize: expectCount('maxBatchSize', options.maxBatchSize ?? 500, 1),
    replyWithinMs: expectDelay('replyWithinMs', options.replyWithinMs ?? 10_000),
    scheduler: schedulerOf(bus, options.scheduler),
  };
}

function bufferOf(options: ReplayBufferOptions | undefined): Required<ReplayBufferOptions> {
  const { capacity = 1_024, maxBytes = 8_388_608, overflow = 'drop-oldest' } = expectOptions('buffer', options) ?? {};
  expectCount('buffer.capacity', capacity, 1);
  expectCount('buffer.maxBytes', maxBytes, 1);
  expectOneOf('buffer.overflow', overflow, ['drop-oldest', 'disconnect']);
  return { capacity, maxBytes, overflow };
}

function expectStore({ store, buffer }: ServeEventsOptions): EventStore | undefined {
  if (store === undefined) return undefined;
  if (typeof (store as Partial<EventStore> | null)?.subscribe !== 'function') {
    throw new InvalidOptionError(
      `Expected store to be an event store, such as memoryEventStore() makes, got ${show(store)}.`,
    );
  }
  if (buffer === undefined) return store;
  throw new InvalidOptionError('Expected store or buffer, got both. A store keeps all events: leave out buffer.');
}

function expectPath(path: string | undefined): string | undefined {
  if (path === undefined || (typeof path === 'string' && path.startsWith('/'))) return path;
  throw new InvalidOptionError(`Expected path to begin with '/', such as '/events', got ${show(path)}.`);
}
