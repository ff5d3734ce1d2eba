import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { randomId } from '../../core/ids.ts';
import { expectDelay, expectFunction, expectName, expectNumber, expectOneOf } from '../../core/options.ts';
import { expectKnownOptions } from '../known-options.ts';

/** How a contract of an event store is tried. */
export interface EventStoreContractOptions {
  /** How large the cases are: at 1 they read 10,000 events; \> 0. @defaultValue 0.1 */
  readonly scale?: number;
  /** Whether several stores can be opened on one database at a time; if not, the cases about that are skipped. @defaultValue 'many' */
  readonly clients?: 'many' | 'one';
  /** Milliseconds for a whole case; \> 0. @defaultValue 30_000 */
  readonly timeLimitMs?: number;
  /** Milliseconds for which a case watches before it says that nothing more comes; \> 0. @defaultValue 200 */
  readonly quietMs?: number;
  /** Why there is no such store here, such as `'no PostgreSQL on this machine'`: all cases are skipped with it. @defaultValue none */
  readonly unavailable?: string;
  /** The clock, and the timers of limits and waits. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
  /** Keeps the streams of runs apart. @defaultValue randomId */
  readonly createId?: () => string;
}

/** The options with their defaults. */
export type CheckedStoreContractOptions = Required<Omit<EventStoreContractOptions, 'unavailable'>> &
  Pick<EventStoreContractOptions, 'unavailable'>;

const NAMES: readonly (keyof EventStoreContractOptions)[] = [
  'scale',
  'clients',
  'timeLimitMs',
  'quietMs',
  'unavailable',
  'scheduler',
  'createId',
];

export function checkedOptions(options: EventStoreContractOptions): CheckedStoreContractOptions {
  const checked: CheckedStoreContractOptions = {
    scale: 0.1,
    clients: 'many',
    timeLimitMs: 30_000,
    quietMs: 200,
    scheduler: asyncScheduler,
    createId: randomId,
    ...expectKnownOptions('eventStoreContract', options, NAMES),
  };
  expectNumber('scale', checked.scale);
  expectOneOf('clients', checked.clients, ['many', 'one']);
  expectDelay('timeLimitMs', checked.timeLimitMs, true);
  expectDelay('quietMs', checked.quietMs, true);
  expectFunction('createId', checked.createId, true);
  if (checked.unavailable !== undefined) expectName('unavailable', checked.unavailable);
  return checked;
}
