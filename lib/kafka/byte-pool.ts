/** Bytes of a slab; what is larger than a part of it has memory of its own. */
const SLAB_BYTES = 65_536;
const MOST_SHARED = 4_096;

/**
 * Copies bytes out of what was fetched, several into one piece of memory: that is quicker than a piece for each, and whoever holds one message for long does not hold the megabytes that it came
 * with.
 */
export class BytePool {
  #slab = new ArrayBuffer(SLAB_BYTES);
  #used = 0;

  copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes;
    if (length > MOST_SHARED) return new Uint8Array(bytes);
    if (this.#used + length > SLAB_BYTES) {
      this.#slab = new ArrayBuffer(SLAB_BYTES);
      this.#used = 0;
    }
    const copy = new Uint8Array(this.#slab, this.#used, length);
    copy.set(bytes);
    this.#used += length;
    return copy;
  }
}
