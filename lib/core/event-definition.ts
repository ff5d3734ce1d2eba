import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Codec, expectCodec } from './codec.ts';
import { InvalidOptionError } from './errors.ts';
import { randomId } from './ids.ts';
import { type EventMessage, type MessageOptions, stampMessage } from './message.ts';
import { expectName, expectOptions, show } from './options.ts';
import { expectSchema } from './schema.ts';

/** A kind of event: its type, and the schema of its data. Frozen, without state; share it between modules. */
export interface EventDefinition<Type extends string = string, Data = unknown> {
  /** Dot-separated tokens, such as `'user.signed_up'`. */
  readonly type: Type;
  /** What checks data at the edges. */
  readonly schema: StandardSchemaV1<unknown, Data>;
  /** Writes and reads its data on the wire. None: the bus's codec does. */
  readonly codec?: Codec;
  /** Names the version of its data on the wire: CloudEvents' `dataschema`. */
  readonly dataSchema?: string;
  /** Makes a message by hand, stamped with the machine's clock; its data is not checked. */
  create(data: Data, options?: MessageOptions): EventMessage<Type, Data>;
}

/** How an event is on the wire; in process, nothing of it matters. */
export interface EventOptions {
  /** Writes and reads its data. @defaultValue JSON; bytes as they are */
  readonly codec?: Codec;
  /** A URI that names the version of its data, for those who read it elsewhere: CloudEvents' `dataschema`. @defaultValue none */
  readonly dataSchema?: string;
}

/** The message type of a definition. Distributes over a union of definitions. */
export type MessageOf<Definition> =
  Definition extends EventDefinition<infer Type, infer Data> ? EventMessage<Type, Data> : never;

/** The data type of a definition. */
export type DataOf<Definition> = Definition extends EventDefinition<string, infer Data> ? Data : never;

/** What a transforming schema must satisfy: its output is again a valid input, so that a message can be checked twice. */
export type RoundTrip<Schema extends StandardSchemaV1> =
  StandardSchemaV1.InferOutput<Schema> extends StandardSchemaV1.InferInput<Schema>
    ? unknown
    : { readonly 'the output of this schema must again be a valid input': never };

/**
 * Defines a kind of event. Type literal and data type are inferred.
 *
 * @param type - dot-separated tokens without spaces and wildcards
 * @param schema - any Standard Schema (zod, valibot, arktype, …), or `payload<T>()`, which checks nothing
 * @param options - how it is on the wire
 * @throws {@link InvalidOptionError} when the type is malformed or the schema is none
 *
 * @example
 * ```ts
 * import { defineEvent, payload } from 'millrace';
 *
 * export const UserSignedUp = defineEvent('user.signed_up', payload<{ userId: string; email: string }>());
 * ```
 */
export function defineEvent<const Type extends string, Schema extends StandardSchemaV1>(
  type: Type,
  schema: Schema & RoundTrip<Schema>,
  options: EventOptions = {},
): EventDefinition<Type, StandardSchemaV1.InferOutput<Schema>> {
  if (typeof type !== 'string' || !/^[^\s.*>]+(\.[^\s.*>]+)*$/.test(type)) {
    throw new InvalidOptionError(
      `Expected an event type of dot-separated tokens without spaces, '*' and '>', such as 'user.signed_up', got ${show(type)}.`,
      'INVALID_TYPE',
    );
  }
  const { codec, dataSchema } = expectOptions('options', options);
  expectCodec('codec', codec);
  if (dataSchema !== undefined) expectName('dataSchema', dataSchema);
  type Data = StandardSchemaV1.InferOutput<Schema>;
  return Object.freeze({
    type,
    schema: expectSchema(type, schema) as StandardSchemaV1<unknown, Data>,
    ...(codec !== undefined && { codec }),
    ...(dataSchema !== undefined && { dataSchema }),
    create: (data: Data, stamped?: MessageOptions): EventMessage<Type, Data> =>
      stampMessage(type, data, stamped?.time ?? Date.now(), randomId, undefined, stamped),
  });
}
