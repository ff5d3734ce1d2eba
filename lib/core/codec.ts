import { InvalidOptionError } from './errors.ts';
import { expectFunction, expectName, show } from './options.ts';

/** Writes an event's data as bytes, for the wire, and reads it back. */
export interface Codec {
  /** The media type of what it writes, such as `'application/json'`; what comes in with this type, it reads. */
  readonly contentType: string;
  /**
   * Writes data.
   *
   * @throws any error, for data that it cannot write: whoever publishes is given it
   */
  encode(data: unknown): Uint8Array;
  /**
   * Reads data.
   *
   * @throws any error, for bytes that it cannot read: the message becomes an `invalid` dead letter
   */
  decode(bytes: Uint8Array): unknown;
}

/** Returns `codec` if it is one, or absent. */
export function expectCodec<Value extends Codec | undefined>(name: string, codec: Value): Value {
  if (codec === undefined) return codec;
  if (typeof codec !== 'object' || codec === null) {
    throw new InvalidOptionError(`Expected ${name} to be { contentType, encode, decode }, got ${show(codec)}.`);
  }
  const parts: Readonly<Record<keyof Codec, unknown>> = codec;
  expectName(`${name}.contentType`, codec.contentType);
  expectFunction(`${name}.encode`, parts.encode, true);
  expectFunction(`${name}.decode`, parts.decode, true);
  return codec;
}
