import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { randomId } from '../../core/ids.ts';
import { expectDelay, expectFunction, expectName, expectNumber } from '../../core/options.ts';
import { expectKnownOptions } from '../known-options.ts';

/** How a contract is tried. */
export interface BrokerContractOptions {
  /** How large the cases are: 1 is the sizes of Watermill's suite, up to 10,000 messages a case; \> 0. @defaultValue 0.1 */
  readonly scale?: number;
  /** Milliseconds for a whole case, so that a slow trickle fails, too; \> 0. @defaultValue 30_000 */
  readonly timeLimitMs?: number;
  /** Milliseconds for which a case watches before it says that nothing more comes; \> 0. Half of the delays that it asks for. @defaultValue 200 */
  readonly quietMs?: number;
  /** Milliseconds of the leases that cases ask for; \> 0. @defaultValue 1_000 */
  readonly leaseMs?: number;
  /** Restarts the broker's server, and resolves when it answers; cases that need `restart` call it under load. @defaultValue none: they are skipped */
  readonly restart?: () => Promise<void>;
  /** Why there is no such broker here, such as `'no nats-server on this machine'`: all cases are skipped with it. @defaultValue none */
  readonly unavailable?: string;
  /** The clock, and the timers of limits and waits. @defaultValue asyncScheduler */
  readonly scheduler?: SchedulerLike;
  /** Keeps the topics and groups of runs apart: letters, digits, `-` and `_`. @defaultValue randomId */
  readonly createId?: () => string;
}

const NAMES: readonly (keyof BrokerContractOptions)[] = [
  'scale',
  'timeLimitMs',
  'quietMs',
  'leaseMs',
  'restart',
  'unavailable',
  'scheduler',
  'createId',
];

/** The options with their defaults. */
export type CheckedContractOptions = Required<Omit<BrokerContractOptions, 'restart' | 'unavailable'>> &
  Pick<BrokerContractOptions, 'restart' | 'unavailable'>;

export function checkedOptions(options: BrokerContractOptions): CheckedContractOptions {
  const checked = {
    scale: 0.1,
    timeLimitMs: 30_000,
    quietMs: 200,
    leaseMs: 1_000,
    scheduler: asyncScheduler,
    createId: randomId,
    ...expectKnownOptions('brokerContract', options, NAMES),
  };
  expectNumber('scale', checked.scale);
  expectDelay('timeLimitMs', checked.timeLimitMs, true);
  expectDelay('quietMs', checked.quietMs, true);
  expectDelay('leaseMs', checked.leaseMs, true);
  expectFunction('restart', checked.restart);
  expectFunction('createId', checked.createId, true);
  if (checked.unavailable !== undefined) expectName('unavailable', checked.unavailable);
  return checked;
}
