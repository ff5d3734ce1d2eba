/** The medians of a row. */
export interface Medians {
  /** @throws for a contestant or a metric that the row has not */
  readonly of: (contestant: string, metric: string) => number;
}

/** A speed that is promised. */
export interface Floor {
  readonly claim: string;
  /** Which contestants it needs. */
  readonly value: (medians: Medians) => number;
  readonly bound: 'at-least' | 'at-most';
  readonly limit: number;
}

const OURS = 'millrace';

/** At most so many times the other's time. */
export function timeAtMost(other: string, limit: number, metric = 'nsPerEvent'): Floor {
  return {
    claim: `≤ ${limit} × the time of ${other}${metric === 'nsPerEvent' ? '' : ` (${metric})`}`,
    value: (medians) => medians.of(OURS, metric) / medians.of(other, metric),
    bound: 'at-most',
    limit,
  };
}

/** At least so many times as fast as the fastest of the others. */
export function speedAtLeast(
  others: readonly string[],
  limit: number,
  whom = others.join(', '),
  metric = 'nsPerEvent',
): Floor {
  return {
    claim: `≥ ${limit} × as fast as ${whom}`,
    value: (medians) => Math.min(...others.map((other) => medians.of(other, metric))) / medians.of(OURS, metric),
    bound: 'at-least',
    limit,
  };
}

/** A metric of ours, as it is. */
export function valueAtMost(metric: string, limit: number, claim: string): Floor {
  return { claim, value: (medians) => medians.of(OURS, metric), bound: 'at-most', limit };
}

/** Whether it was kept. */
export function isMet({ bound, limit }: Floor, value: number): boolean {
  return bound === 'at-most' ? value <= limit : value >= limit;
}
