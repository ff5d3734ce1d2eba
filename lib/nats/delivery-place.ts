/** What the server says of a delivery in the subject on which it is acknowledged. */
export interface DeliveryPlace {
  /** How often it was delivered, this time included. */
  readonly deliveryCount: number;
  /** Its place in the stream. */
  readonly sequence: number;
  /** When it was stored: epoch milliseconds. */
  readonly time: number;
  /** How many are behind it in the stream, for this consumer. */
  readonly pending: number;
}

/** Reads `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<…>.<nanoseconds>.<pending>`; newer servers have a domain and an account before the stream. */
export function placeOf(reply: string): DeliveryPlace {
  const tokens = reply.split('.');
  const first = tokens.length > 9 ? 6 : 4;
  return {
    deliveryCount: Number(tokens[first]),
    sequence: Number(tokens[first + 1]),
    // Nanoseconds are more than a number can hold.
    time: Number(tokens[first + 3]!.slice(0, -6)),
    pending: Number(tokens[first + 4]),
  };
}
