/** Makes the id of a message when it is first read. `time` is the message's, in epoch milliseconds. */
export type CreateId = (time: number) => string;

/** A random UUID (version 4), from the platform's `crypto`. The default. */
export function randomId(): string {
  // Browsers have randomUUID in secure contexts only.
  return typeof crypto.randomUUID === 'function' ? crypto.randomUUID() : uuid(randomBytes(), 4);
}

/**
 * Makes ids that sort by time: UUID version 7 (RFC 9562, section 5.7), with a counter in `rand_a` (section 6.2, method 1) that keeps
 * the ids of one millisecond in the order in which they were made.
 *
 * @example
 * ```ts
 * import { createEventBus, createUuidV7 } from 'millrace';
 *
 * const bus = createEventBus({ createId: createUuidV7() });
 * ```
 */
export function createUuidV7(): CreateId {
  let lastTime = -1;
  let lastStamp = -1;
  let counter = 0;

  /** Half of the counter's room is random, the other half is left for ids of the same millisecond. */
  function start(stamp: number, bytes: Uint8Array): void {
    lastStamp = stamp;
    counter = ((bytes[6]! & 0x07) << 8) | bytes[7]!;
  }

  return (time) => {
    const bytes = randomBytes();
    // The id of an older message, read late, sorts where it belongs, in any order with its like.
    if (time < lastTime) return timedUuid(time, ((bytes[6]! & 0x0f) << 8) | bytes[7]!, bytes);
    lastTime = time;
    if (time > lastStamp) start(time, bytes);
    // A full counter borrows the next millisecond, as the RFC allows.
    else if (++counter > 0xfff) start(lastStamp + 1, bytes);
    return timedUuid(lastStamp, counter, bytes);
  };
}

function timedUuid(time: number, counter: number, bytes: Uint8Array): string {
  let rest = Math.trunc(time);
  for (let index = 5; index >= 0; index--) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = counter >> 8;
  bytes[7] = counter & 0xff;
  return uuid(bytes, 7);
}

function randomBytes(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(16));
}

function uuid(bytes: Uint8Array, version: number): string {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
