/** Of at most so many events a millisecond each is measured: what that costs is not to be noticed. */
const MEASURED_PER_MS = 1;
const LARGEST_GAP = 256;
/** After so many measured events, or milliseconds, the rate is looked at again. */
const EVENTS_PER_LOOK = 256;
const MS_PER_LOOK = 250;

/**
 * Chooses which events of a handler are measured: all of them up to about 1,000 a second, and one in n above, with n at most 256. To measure one takes a microsecond, to say no is a countdown
 * and reads no clock. Gaps are random, or a source that repeats itself would always have the same of its events measured.
 */
export class Sampler {
  /** How many events each that is measured stands for. */
  oneIn = 1;
  private left = 1;
  private gap = 1;
  /** Since the last look. */
  private offered = 0;
  private measured = 0;
  private lookedAt: number;
  private readonly random: () => number;

  constructor(now: number, random: () => number) {
    this.lookedAt = now;
    this.random = random;
  }

  /** Called for each event that is offered. @returns whether it is to be measured */
  next(): boolean {
    if (--this.left > 0) return false;
    this.offered += this.gap;
    this.measured++;
    this.choose();
    return true;
  }

  /** To be called for each event that is measured, as its time is known then. */
  heed(now: number): void {
    const elapsedMs = now - this.lookedAt;
    if (this.measured < EVENTS_PER_LOOK && elapsedMs < MS_PER_LOOK) return;
    const perMs = this.offered / Math.max(elapsedMs, 1);
    this.oneIn = Math.min(LARGEST_GAP, Math.max(1, Math.ceil(perMs / MEASURED_PER_MS)));
    this.lookFrom(now);
  }

  /** Measures each event again, until the rate is known anew: a handler that has become quiet is not made to wait for the end of a long gap. */
  beginAnew(now: number): void {
    this.oneIn = 1;
    this.lookFrom(now);
    this.choose();
  }

  private lookFrom(now: number): void {
    this.lookedAt = now;
    this.offered = 0;
    this.measured = 0;
  }

  /** From one to nearly twice the mean. */
  private choose(): void {
    const { oneIn } = this;
    this.gap = oneIn === 1 ? 1 : 1 + Math.floor(this.random() * (2 * oneIn - 1));
    this.left = this.gap;
  }
}
