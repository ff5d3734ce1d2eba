/**
 * A first-in-first-out queue in one array that is used in a circle, so that neither end ever moves what lies between
 * (`Array.shift` does). It doubles when full and keeps its room.
 */
export class RingBuffer<Item> {
  private slots: (Item | undefined)[] = Array.from({ length: 16 });
  private head = 0;
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** The one that `shift` would take. */
  get first(): Item | undefined {
    return this.slots[this.head];
  }

  push(item: Item): void {
    if (this.count === this.slots.length) this.double();
    // The length is a power of two, so the mask wraps around.
    this.slots[(this.head + this.count++) & (this.slots.length - 1)] = item;
  }

  shift(): Item | undefined {
    if (this.count === 0) return undefined;
    const item = this.slots[this.head];
    this.slots[this.head] = undefined;
    this.head = (this.head + 1) & (this.slots.length - 1);
    this.count--;
    return item;
  }

  /** Takes the one that was pushed last. */
  pop(): Item | undefined {
    if (this.count === 0) return undefined;
    const last = (this.head + --this.count) & (this.slots.length - 1);
    const item = this.slots[last];
    this.slots[last] = undefined;
    return item;
  }

  /** From the one that `shift` would take on. */
  *[Symbol.iterator](): IterableIterator<Item> {
    for (let index = 0; index < this.count; index++) {
      yield this.slots[(this.head + index) & (this.slots.length - 1)] as Item;
    }
  }

  private double(): void {
    const { length } = this.slots;
    const inOrder = [...this.slots.slice(this.head), ...this.slots.slice(0, this.head)];
    this.slots = inOrder.concat(Array.from({ length }));
    this.head = 0;
  }
}
