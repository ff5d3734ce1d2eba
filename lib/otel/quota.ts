/** Of a burst, so many are measured at once. */
const BURST = 250;
const PER_MS = 1;
const LONGEST_GAP = 256;

/**
 * Chooses what is measured: all, up to 1,000 a second and 250 at once, and beyond that one now and then, so that it costs the same at any rate. The clock is looked at for what may
 * be measured, and less and less often for what may not.
 */
export class Quota {
  private left = BURST;
  private gap = 1;
  private skipping = 0;
  private lookedAt = performance.now();

  /** Whether this one is measured. */
  takes(): boolean {
    if (this.skipping > 0) {
      this.skipping--;
      return false;
    }
    const now = performance.now();
    this.left = Math.min(BURST, this.left + (now - this.lookedAt) * PER_MS);
    this.lookedAt = now;
    if (this.left >= 1) {
      this.left--;
      this.gap = 1;
      return true;
    }
    this.gap = Math.min(LONGEST_GAP, this.gap * 2);
    this.skipping = this.gap;
    return false;
  }
}
