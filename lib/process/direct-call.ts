import type { SchedulerLike } from 'rxjs';
import type { Attempt } from './attempt.ts';
import type { Verdict } from './gate.ts';
import type { HandlerFunction } from './handler.ts';

// Numbers, as they are written twice an event.
const READY = 0;
/** For events that no probe follows, which the owner must ask first. */
const READY_FOR_SOME = 1;
const BUSY = 2;
/** The handler is being called. */
const CALLING = 3;
/** It is, and something has happened meanwhile that must be looked at when it returns. */
const INTERRUPTED = 4;

/** Who takes over what a direct call cannot end. */
export interface DirectCallHost<Item> {
  /** Takes the usual way, as the handler is not idle, or a probe may follow the event. */
  admit(event: Item, now: number): Verdict;
  /** Makes the attempt of a call. */
  begin(event: Item): Attempt<Item>;
  /** Goes on with a call that returned something to wait for, or was interrupted. */
  follow(event: Item, attempt: Attempt<Item>, startedAt: number, result: unknown): void;
  /** Goes on with a call that threw. */
  fail(event: Item, attempt: Attempt<Item>, startedAt: number, error: unknown): void;
}

/**
 * The short way to an idle handler: most events are done when it returns, and cost the call and nothing else. It is an object of its own,
 * small enough for one cache line, as an emit to a hundred handlers touches a hundred of them.
 */
export class DirectCall<Item, Owner extends DirectCallHost<Item>> {
  /** The engine. */
  readonly owner: Owner;
  private readiness = BUSY;
  private done = 0;
  private readonly handle: HandlerFunction<Item, Attempt<Item>>;
  /** The context of a handler that cannot see it, used again and again. */
  private readonly lent: Attempt<Item> | undefined;

  constructor(owner: Owner, handle: HandlerFunction<Item, Attempt<Item>>, lent: Attempt<Item> | undefined) {
    this.owner = owner;
    this.handle = handle;
    this.lent = lent;
  }

  /** Events that were done when the handler returned: accepted and handled. */
  get handled(): number {
    return this.done;
  }

  /** How many events are being handled here, and are counted nowhere yet. */
  get calling(): 0 | 1 {
    return this.readiness >= CALLING ? 1 : 0;
  }

  get isReady(): boolean {
    return this.readiness === READY;
  }

  /** Whether only an event that no probe follows may come this way, by `callUnfollowed`. */
  get isReadyForSome(): boolean {
    return this.readiness === READY_FOR_SOME;
  }

  /** Puts the short way into service: for all events, or for those only that no probe follows. */
  open(isForAll: boolean): void {
    this.readiness = isForAll ? READY : READY_FOR_SOME;
  }

  /**
   * Takes the short way out of service, until it is opened again. Returns false during a call: then nothing may start before the
   * handler has returned.
   */
  interrupt(): boolean {
    const isCalling = this.readiness >= CALLING;
    this.readiness = isCalling ? INTERRUPTED : BUSY;
    return !isCalling;
  }

  /**
   * Hands over an event of a producer that cannot wait; an idle handler is called before this returns.
   *
   * @param now - the time of the scheduler, which the caller has read for all handlers
   */
  offer(event: Item, now: number): Verdict {
    return this.readiness === READY ? this.call(event, now, READY) : this.owner.admit(event, now);
  }

  /** Hands over an event that no probe follows, as it `isReadyForSome`. */
  callUnfollowed(event: Item, now: number): void {
    this.call(event, now, READY_FOR_SOME);
  }

  private call(event: Item, now: number, ready: number): Verdict {
    const attempt = this.lent ?? this.owner.begin(event);
    let result: unknown;
    // What comes meanwhile must wait: one event at a time, and no recursion.
    this.readiness = CALLING;
    try {
      result = this.handle(event, attempt);
    } catch (error) {
      return this.fail(event, attempt, now, error);
    }
    const isDone = typeof result !== 'object' || result === null;
    if (!isDone || this.readiness !== CALLING) return this.follow(event, attempt, now, result);
    this.readiness = ready;
    this.done++;
    if (this.lent === undefined) attempt.isOver = true;
    return 'taken';
  }

  private fail(event: Item, attempt: Attempt<Item>, now: number, error: unknown): Verdict {
    this.readiness = BUSY;
    this.owner.fail(event, attempt, now, error);
    return 'taken';
  }

  private follow(event: Item, attempt: Attempt<Item>, now: number, result: unknown): Verdict {
    this.readiness = BUSY;
    this.owner.follow(event, attempt, now, result);
    return 'taken';
  }
}

/** The same for a handler whose time is limited: it counts from its own start, whatever those that were called before it took. */
export class TimedDirectCall<Item, Owner extends DirectCallHost<Item>> extends DirectCall<Item, Owner> {
  private readonly scheduler: SchedulerLike;

  constructor(
    owner: Owner,
    handle: HandlerFunction<Item, Attempt<Item>>,
    lent: Attempt<Item> | undefined,
    scheduler: SchedulerLike,
  ) {
    super(owner, handle, lent);
    this.scheduler = scheduler;
  }

  override offer(event: Item): Verdict {
    return super.offer(event, this.scheduler.now());
  }
}
