/** For how long something has been as it is, as far as somebody has looked. */
export class Spell<State> {
  private state: State;
  private since: number;

  constructor(state: State, now: number) {
    this.state = state;
    this.since = now;
  }

  /** @returns milliseconds */
  look(state: State, now: number): number {
    if (state !== this.state) {
      this.state = state;
      this.since = now;
    }
    return Math.max(0, now - this.since);
  }
}
