/** What the server has written into the page. */
export interface Facts {
  /** Which log its events are of. */
  readonly log: string;
  readonly quakes: number;
  /** The week, in epoch milliseconds. */
  readonly from: number;
  readonly until: number;
  /** Simulated seconds per second. */
  readonly speed: number;
}

export function readFacts(): Facts {
  const { log = '', quakes, from, until, speed } = document.documentElement.dataset;
  return { log, quakes: Number(quakes), from: Number(from), until: Number(until), speed: Number(speed) };
}
