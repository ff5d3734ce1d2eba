/** A ring buffer of events that wait, with one producer that waits for room and loops that wait for events. */
export class HandWrittenInbox {
  readonly #capacity: number;
  readonly #ring: number[];
  #head = 0;
  #size = 0;
  /** Events that were taken and wait elsewhere: they still count. */
  #parked = 0;
  readonly #idle: (() => void)[] = [];
  #onRoom: (() => void) | undefined;
  isClosed = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#ring = Array.from({ length: capacity }, () => 0);
  }

  /** `false` when it is full. */
  trySend(event: number): boolean {
    if (this.#size + this.#parked === this.#capacity) return false;
    this.#ring[(this.#head + this.#size++) % this.#capacity] = event;
    this.#idle.pop()?.();
    return true;
  }

  /** Resolves when there is room. */
  room(): Promise<void> {
    return new Promise((resolve) => (this.#onRoom = resolve));
  }

  /** The event that has waited longest; none when there is none. */
  take(): number | undefined {
    if (this.#size === 0) return undefined;
    const event = this.#ring[this.#head]!;
    this.#head = (this.#head + 1) % this.#capacity;
    this.#size--;
    this.#tellProducer();
    return event;
  }

  /** Counts a taken event as one that waits. */
  park(): void {
    this.#parked++;
  }

  unpark(): void {
    this.#parked--;
    this.#tellProducer();
  }

  /** Resolves when there is an event, or there will be none. */
  arrival(): Promise<void> {
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  close(): void {
    this.isClosed = true;
    for (const wake of this.#idle.splice(0)) wake();
  }

  #tellProducer(): void {
    const onRoom = this.#onRoom;
    if (onRoom === undefined) return;
    this.#onRoom = undefined;
    onRoom();
  }
}
