import type { HandlerPart } from '../../process/probe.ts';
import type { HandlerCounts } from './snapshot.ts';

/** Adds up what handlers have done, those that have closed included, so that the sums never go backwards. */
export class CountsOfAll {
  private gone: HandlerCounts = NONE;
  /** What each of those that have gone has added to it. */
  private readonly added = new WeakMap<HandlerPart, HandlerCounts>();

  /** A handler is here, for the first time or again. */
  enter(part: HandlerPart): void {
    const counts = this.added.get(part);
    if (counts !== undefined) this.gone = combine(this.gone, counts, -1);
    this.added.delete(part);
  }

  /** A handler goes. */
  leave(part: HandlerPart): void {
    const counts = part.stats();
    this.added.set(part, counts);
    this.gone = combine(this.gone, counts, 1);
  }

  /** A handler that may have gone has ended one more event. */
  recount(part: HandlerPart): void {
    if (!this.added.has(part)) return;
    this.enter(part);
    this.leave(part);
  }

  /** @param here - what those that are here have done */
  total(here: readonly HandlerCounts[]): HandlerCounts {
    return here.reduce((sum, counts) => combine(sum, counts, 1), this.gone);
  }
}

const NONE: HandlerCounts = {
  accepted: 0,
  redriven: 0,
  handled: 0,
  dead: 0,
  dropped: 0,
  rejected: 0,
  retried: 0,
  late: 0,
};

function combine(sum: HandlerCounts, counts: HandlerCounts, sign: -1 | 1): HandlerCounts {
  return {
    accepted: sum.accepted + sign * counts.accepted,
    redriven: sum.redriven + sign * counts.redriven,
    handled: sum.handled + sign * counts.handled,
    dead: sum.dead + sign * counts.dead,
    dropped: sum.dropped + sign * counts.dropped,
    rejected: sum.rejected + sign * counts.rejected,
    retried: sum.retried + sign * counts.retried,
    late: sum.late + sign * counts.late,
  };
}
