/** Makes the id of a message when it is first read. `time` is the message's, in epoch milliseconds. */
export type CreateId = (time: number) => string;

/** A random UUID (version 4), from the platform's `crypto`. The default. */
export function randomId(): string {
  // Browsers have randomUUID in secure contexts only.
  return typeof crypto.randomUUID === 'function'
    ? crypto.randomUUID()
    : uuidOf(crypto.getRandomValues(new Uint8Array(16)));
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
  function start(stamp: number, random: string): void {
    lastStamp = stamp;
    counter = twelveBits(random) & 0x7ff;
  }

  return (time) => {
    const random = randomId();
    // The id of an older message, read late, sorts where it belongs, in any order with its like.
    if (time < lastTime) return timedUuid(time, twelveBits(random), random);
    lastTime = time;
    if (time > lastStamp) start(time, random);
    // A full counter borrows the next millisecond, as the RFC allows.
    else if (++counter > 0xfff) start(lastStamp + 1, random);
    return timedUuid(lastStamp, counter, random);
  };
}

/** The first half is ours, the second, with the bits that both versions share, that of a random UUID: platforms make those quickest. */
function timedUuid(time: number, counter: number, random: string): string {
  const stamp = hex(((Math.trunc(time) % ROOM) + ROOM) % ROOM, 12);
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${hex(counter, 3)}${random.slice(18)}`;
}

/** What a stamp has 48 bits for. */
const ROOM = 281_474_976_710_656;

function twelveBits(uuid: string): number {
  return Number.parseInt(uuid.slice(15, 18), 16);
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function uuidOf(bytes: Uint8Array): string {
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const text = Array.from(bytes, (byte) => hex(byte, 2)).join('');
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}
