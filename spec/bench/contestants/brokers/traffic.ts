/** What is sent: 200 bytes as JSON. */
export interface Reading {
  readonly number: number;
  readonly station: string;
  readonly remark: string;
}

/** A way to use a broker: its client as it is, or through ours. */
export interface Traffic {
  /** Makes a topic, and groups that are given all that is published to it from now on. */
  declare(topic: string, groups: readonly string[]): Promise<void>;
  /** Publishes so many readings, numbered from 0; resolves when the broker has confirmed all of them. */
  publish(topic: string, count: number): Promise<void>;
  /** Begins to consume; everything that is handled is acknowledged then. */
  consume(task: ConsumeTask): Promise<Consuming>;
  /** Deliveries that are unsettled now, as the client counts them; absent where it does not. */
  readonly inFlight?: () => number;
}

/** What is to be consumed. */
interface ConsumeTask {
  readonly topic: string;
  readonly group: string;
  /** How many are handled at a time, at most. */
  readonly concurrency: number;
  /** What is done with each, once it is parsed. */
  readonly handle: (reading: Reading) => Promise<void>;
  /** How many come. */
  readonly count: number;
}

/** A consumer at work. */
interface Consuming {
  /** Resolves when as many as wanted are handled, and acknowledged as far as the client can say. */
  readonly acknowledged: Promise<void>;
  /** Leaves. */
  close(): Promise<unknown>;
}

/** What is around a reading: nothing but an id in the client's own place; or a CloudEvent in binary mode, written and read by hand. */
export type Envelope = 'bare' | 'cloud-event';

/** Opens a client by hand, on the server at a URL. */
export type OpenRawTraffic = (url: string, envelope: Envelope) => Promise<Traffic>;

/** One by one, with a window of them in flight; or in batches, one after the other, where that is the client's way. */
export type Sending = 'batches' | 'window';

/** Messages that may be unconfirmed, and deliveries that may be unsettled, at a time: the same for everybody. */
export const WINDOW = 512;

/** How many messages a call of `publish` has, where they go in batches, one after the other. */
export const BATCH = 500;

/** A reading, as long as any other. */
export function reading(number: number): Reading {
  return { number: FIRST_NUMBER + number, station: 'station-at-the-lower-weir', remark: REMARK };
}

/** Which one it is, from 0 on. */
export function indexOf({ number }: Reading): number {
  return number - FIRST_NUMBER;
}

const FIRST_NUMBER = 1_000_000;
const REMARK =
  'the water stands at the second mark, the gates are open by a hand, and the wheel turns evenly; neither ice nor any debris in the race.';

/** Bytes of a reading as JSON. */
export function bytesOf(content: Reading): Uint8Array {
  return ENCODER.encode(JSON.stringify(content));
}

/** The reading in such bytes. */
export function readingOf(bytes: Uint8Array): Reading {
  return JSON.parse(DECODER.decode(bytes)) as Reading;
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
