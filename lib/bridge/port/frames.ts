/** The version of what bridges say to each other; another one is refused, not guessed at. */
export const FRAME_VERSION = 1;

/** What is sent over a port: plain data, its events as texts. */
export type Frame = FrameHead &
  (
    | { readonly kind: 'bye' | 'hello' | 'welcome' }
    /** Events, numbered from `first`. `lost`: how many the sender had to give up before them. */
    | { readonly kind: 'events'; readonly first: number; readonly events: readonly string[]; readonly lost: number }
    /** The numbers of events that are handled. */
    | { readonly kind: 'taken'; readonly numbers: readonly number[] }
  );

/** Who says it. */
interface FrameHead {
  readonly millrace: 'bridge';
  readonly version: number;
  /** The bridge that sends it; another one after each start. */
  readonly from: string;
}

/** Entries of a list in a frame at most. */
export const MOST_ENTRIES = 256;

/** Reads a frame; of a stranger, it may be anything. */
export function readFrame(data: unknown): Frame | 'foreign' | 'other-version' {
  if (typeof data !== 'object' || data === null) return 'foreign';
  const { millrace, version, from, kind } = data as Readonly<Record<string, unknown>>;
  if (millrace !== 'bridge' || typeof from !== 'string' || from.length > 64) return 'foreign';
  if (version !== FRAME_VERSION) return 'other-version';
  const head: FrameHead = { millrace, version, from };
  switch (kind) {
    case 'hello':
    case 'welcome':
    case 'bye':
      return { ...head, kind };
    case 'events':
      return readEvents(head, data as Readonly<Record<string, unknown>>);
    case 'taken':
      return readTaken(head, data as Readonly<Record<string, unknown>>);
    default:
      return 'foreign';
  }
}

function readEvents(head: FrameHead, { first, events, lost }: Readonly<Record<string, unknown>>): Frame | 'foreign' {
  if (!isCount(first) || !isCount(lost) || !isList(events)) return 'foreign';
  // Whether they are texts is seen when they are read.
  return { ...head, kind: 'events', first, events: events as readonly string[], lost };
}

function readTaken(head: FrameHead, { numbers }: Readonly<Record<string, unknown>>): Frame | 'foreign' {
  return isList(numbers) && numbers.every(isCount) ? { ...head, kind: 'taken', numbers } : 'foreign';
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length <= MOST_ENTRIES;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
