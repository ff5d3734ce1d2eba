import { ClosedError, OverflowError } from '../core/errors.ts';
import { assertNever } from '../core/options.ts';
import type { DropReason } from '../core/outcome.ts';
import { type AcceptedEvent, type Delivery, isDelivery } from './delivery.ts';
import type { ProcessorSettings } from './processor-options.ts';
import type { Supply } from './engine-surroundings.ts';
import type { Pump } from './pump.ts';
import { Sender, Senders } from './senders.ts';

/** What became of an offered event at once. `lost`: taken, and at once dead or dropped. `rejected`: not taken. */
export type Verdict = 'lost' | 'rejected' | 'suspended' | 'taken';

/**
 * What a producer does that finds no room: `wait` for it, `try` another time, or, with `none`, leave it to the overflow policy. One that is `sure` has
 * found room before.
 */
export type Patience = 'none' | 'sure' | 'try' | 'wait';

/** What a gate needs of the direct calls. */
interface ShortWay<Item> {
  readonly calling: number;
  readonly isReadyForSome: boolean;
  callUnfollowed(event: Item, now: number): void;
}

/** What a gate needs to know of its engine. */
export interface GateOptions<Item> {
  readonly name: string;
  readonly settings: ProcessorSettings<Item>;
  readonly pump: Pump<Item>;
  /** Where events are handled that the pump knows nothing of. */
  readonly direct: ShortWay<Item>;
  /** Says whether there is room beyond the limit. */
  readonly supply: Pick<Supply, 'hasRoom'> | undefined;
}

/** Decides which events are taken, which wait outside, and which are turned away: the bound, the overflow policy and the strategy. */
export class Gate<Item> {
  /** Whether it takes events. */
  isOpen = true;
  /** Whether an event that nobody asks about needs no delivery. */
  isPlain = true;
  private readonly options: GateOptions<Item>;
  private readonly pump: Pump<Item>;
  private readonly direct: GateOptions<Item>['direct'];
  private readonly key: ((event: Item) => unknown) | undefined;
  private readonly limit: number;
  private readonly supply: GateOptions<Item>['supply'];
  private readonly senders: Senders<Item>;

  constructor(options: GateOptions<Item>) {
    const { concurrency, capacity, batch, key } = options.settings;
    this.options = options;
    this.pump = options.pump;
    this.direct = options.direct;
    this.key = key;
    this.supply = options.supply;
    this.senders = new Senders(options.settings.strategy === 'switch');
    // A slot holds a batch.
    this.limit = concurrency * (batch?.maxSize ?? 1) + capacity;
  }

  /** How many producers wait for room. */
  get suspended(): number {
    return this.senders.size;
  }

  /** Whoever waits for room comes first: a newcomer may not take it. */
  get isFull(): boolean {
    return this.lacksRoom || this.senders.size > 0;
  }

  private get lacksRoom(): boolean {
    return this.pump.counters.pending + this.direct.calling >= this.limit && this.supply?.hasRoom !== true;
  }

  /** Whether an event of a producer that will not wait is turned away, whatever it is: nothing need be made for it then, and no probe asked. */
  turnsAway(): boolean {
    if (!this.isFull) return false;
    const { overflow, strategy } = this.options.settings;
    const turnsAway = overflow === 'suspend' && strategy === 'queue';
    if (turnsAway) this.turnAway();
    return turnsAway;
  }

  /**
   * The short ways in, for an event that nobody asks about and no probe follows; `false` if it must go the other way.
   *
   * @param now - the time of the scheduler, if the caller knows it
   */
  admitPlain(event: Item, now?: number): boolean {
    if (!this.direct.isReadyForSome) return !this.isFull && this.enterPlain(event);
    this.direct.callUnfollowed(event, now ?? this.options.settings.scheduler.now());
    return true;
  }

  /** The same, where there is room. */
  enterPlain(event: Item): boolean {
    if (!this.isPlain || !this.isOpen || isDelivery(event)) return false;
    let key: unknown;
    if (this.key !== undefined) {
      try {
        key = this.key(event);
      } catch {
        return false;
      }
      // The key is the user's code: it may have sent something, or closed all.
      if (!this.isOpen || this.isFull) return false;
    }
    this.pump.enterPlain(key, event);
    return true;
  }

  /** Lets an event in that can wait for room, and tells its producer. Returns how to take it back while it waits. */
  handOver(
    delivery: Delivery<Item>,
    onTaken: ((accepted: AcceptedEvent) => void) | undefined,
    onRefused: (error: unknown) => void,
  ): (() => void) | undefined {
    const { name, pump } = this.options;
    const verdict = this.admit(delivery, 'wait');
    if (verdict === 'suspended') {
      const sender = new Sender(delivery, onTaken, onRefused);
      const older = this.senders.ofLane(delivery.key);
      this.senders.push(sender);
      if (older !== undefined) this.supersede(older);
      pump.run();
      return () => this.senders.withdraw(sender);
    }
    if (verdict !== 'rejected') onTaken?.(delivery);
    else onRefused(this.isOpen ? new OverflowError(`handler '${name}'`) : new ClosedError(`handler '${name}'`));
    return undefined;
  }

  /**
   * Lets an event in as far as policies allow.
   *
   * @param since - when it began to wait, if that was before
   */
  admit(delivery: Delivery<Item>, patience: Patience, since?: number): Verdict {
    const { settings, pump } = this.options;
    if (!this.isOpen) return this.turnAway();
    try {
      delivery.key = settings.key?.(delivery.event);
    } catch (error) {
      pump.bury(delivery, 'invalid-key', error);
      return 'lost';
    }
    // The key is the user's code, too.
    if (!this.isOpen) return this.turnAway();
    const verdict = this.applyStrategy(delivery);
    if (verdict !== undefined) return verdict;
    return patience !== 'sure' && this.isFull ? this.overflow(delivery, patience) : this.enter(delivery, since);
  }

  /** Lets in those who wait for room, in their order, and says whether there were any. */
  letIn(): boolean {
    if (this.senders.size === 0) return false;
    let hasLetIn = false;
    while (this.senders.size > 0 && !this.lacksRoom) {
      const { delivery, onTaken } = this.senders.shift()!;
      if (this.applyStrategy(delivery) === undefined) this.enter(delivery);
      onTaken?.(delivery);
      hasLetIn = true;
    }
    return hasLetIn;
  }

  /** Tells producers that wait for room that there will be none. */
  refuse(isRefused: (delivery: Delivery<Item>) => boolean = () => true): void {
    for (const sender of this.senders.list()) {
      if (!isRefused(sender.delivery)) continue;
      this.senders.withdraw(sender);
      this.turnAway();
      sender.onRefused(new ClosedError(`handler '${this.options.name}'`));
    }
  }

  /** What a strategy other than `queue` makes of an event that finds its lane busy. The newest takes the place of those it supersedes. */
  private applyStrategy(delivery: Delivery<Item>): Verdict | undefined {
    const { settings, pump } = this.options;
    switch (settings.strategy) {
      case 'queue':
        return undefined;
      case 'exhaust':
        return pump.lanes?.has(delivery.key) ? this.drop(delivery, 'busy') : undefined;
      case 'switch': {
        const incumbents = pump.incumbents(delivery.key);
        if (incumbents.length === 0) return undefined;
        pump.replace(incumbents, 'superseded', delivery);
        return 'taken';
      }
      default:
        return assertNever(settings.strategy);
    }
  }

  /** Drops an event that still waits for room: let in later, it would come after a newer one of its lane. */
  private supersede(sender: Sender<Item>): void {
    this.senders.withdraw(sender);
    this.drop(sender.delivery, 'superseded');
    sender.onTaken?.(sender.delivery);
  }

  private overflow(delivery: Delivery<Item>, patience: Patience): Verdict {
    const { settings, pump, name } = this.options;
    // What is redriven is not to be lost again.
    if (delivery.redriven > 0) return 'suspended';
    switch (settings.overflow) {
      case 'suspend':
        if (patience === 'wait') return 'suspended';
        if (patience === 'try') return this.turnAway();
        pump.bury(delivery, 'overflow', new OverflowError(`handler '${name}'`));
        return 'lost';
      case 'drop-newest':
        return this.drop(delivery, 'drop-newest');
      case 'drop-oldest':
        return this.replaceOldest(delivery);
      case 'fail':
        return this.turnAway();
      default:
        return assertNever(settings.overflow);
    }
  }

  private enter(delivery: Delivery<Item>, since?: number): Verdict {
    this.options.pump.enter(delivery, since);
    return 'taken';
  }

  private turnAway(): Verdict {
    this.options.pump.counters.rejected++;
    return 'rejected';
  }

  private drop(delivery: Delivery<Item>, reason: DropReason): Verdict {
    this.options.pump.drop(delivery, reason);
    return 'lost';
  }

  /** With nothing in the waiting room, all else has begun: then the new one is also the one that has waited longest. */
  private replaceOldest(delivery: Delivery<Item>): Verdict {
    const { pump } = this.options;
    if (pump.room.size === 0) return this.drop(delivery, 'drop-oldest');
    pump.replace([pump.room.dropOldest()], 'drop-oldest', delivery);
    return 'taken';
  }
}
