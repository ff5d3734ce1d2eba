import {
  type Broker,
  type BrokerCapabilities,
  memoryBroker,
  memoryBrokerStore,
  type MemoryBrokerStoreOptions,
} from 'millrace';
import type { SteppedClock } from '../../support/stepped-clock.ts';
import { BrokenBroker, type Flaws } from './broken-broker.ts';

/** A broker that breaks a promise, and how its case says so. */
export interface Defect {
  /** What is wrong with it. */
  readonly defect: string;
  /** The name of the case that finds it. */
  readonly found: string;
  readonly message: RegExp | string;
  readonly make: (clock: SteppedClock) => BrokenWorld;
}

/** Where a broken broker lives. */
export interface BrokenWorld {
  readonly open: () => Broker;
  readonly capabilities: BrokerCapabilities;
  readonly restart?: () => Promise<void>;
}

/** Clients of one memory store, each with the same flaws; what they share in their wrongness is made once. */
export function flawed(
  makeFlaws: (clock: SteppedClock) => Flaws,
  storeOptions: MemoryBrokerStoreOptions = {},
): (clock: SteppedClock) => BrokenWorld {
  return (clock) => {
    const store = memoryBrokerStore({ ...storeOptions, scheduler: clock });
    const flaws = makeFlaws(clock);
    const open = (): Broker => new BrokenBroker(memoryBroker({ store }), flaws);
    return { open, capabilities: open().capabilities };
  };
}
