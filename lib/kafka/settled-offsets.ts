/** How many offsets beyond a group's place can be said to be done: Kafka keeps 4,096 bytes of text with a place. */
export const MOST_BEYOND = 20_000;

/** What is done already beyond a group's place, and what was delivered. */
export interface Beyond {
  /** The offsets that are done. */
  readonly settled: ReadonlySet<number>;
  /** Below this offset, all may have been delivered before. */
  readonly seenTo: number;
}

/** Begins the texts of this kind. */
const MARK = 'millrace1:';

/**
 * What is done out of order, as a text beside the group's place: a bit for each offset from there on. Whoever goes on from that place does not repeat it.
 *
 * @param place - the first offset that is not done
 */
export function writeBeyond(place: number, settled: Iterable<number>, seenTo: number): string {
  const bits: number[] = [];
  for (const offset of settled) {
    const distance = offset - place;
    if (distance < 0 || distance >= MOST_BEYOND) continue;
    const index = distance >> 3;
    while (bits.length <= index) bits.push(0);
    bits[index]! |= 1 << (distance & 7);
  }
  const seen = Math.max(0, seenTo - place);
  if (bits.length === 0 && seen === 0) return '';
  return `${MARK}${seen.toString(36)}:${Buffer.from(bits).toString('base64')}`;
}

/** The same read; nothing from a text that another program has written. */
export function readBeyond(place: number, text: string | null | undefined): Beyond {
  const settled = new Set<number>();
  if (!text?.startsWith(MARK)) return { settled, seenTo: place };
  const [seen = '', bits = ''] = text.slice(MARK.length).split(':');
  for (const [index, byte] of Buffer.from(bits, 'base64').entries()) {
    for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) settled.add(place + index * 8 + bit);
  }
  const distance = Number.parseInt(seen, 36);
  return { settled, seenTo: place + (Number.isSafeInteger(distance) ? distance : 0) };
}
