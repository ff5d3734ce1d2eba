import type { EventDefinition, MessageOf } from '../core/event-definition.ts';
import type { EventMessage } from '../core/message.ts';
import type { Matches } from './pattern.ts';

/** What one can listen to: one event, a list of events, or a pattern of types (`*` is one token, `>` one or more, at the end). */
export type EventSource<Known extends EventDefinition = EventDefinition> = Known | readonly Known[] | string;

/** The messages of a source; of a pattern on a bus that does not know its events, any message. */
export type MessageFrom<Source, Known extends EventDefinition> = Source extends string
  ? MatchingMessage<Known, Source>
  : Source extends readonly (infer Definition)[]
    ? MessageOf<Definition>
    : MessageOf<Source>;

type MatchingMessage<Known extends EventDefinition, Pattern extends string> = string extends Known['type']
  ? EventMessage
  : Known extends EventDefinition<infer Type, infer Data>
    ? Matches<Type, Pattern> extends true
      ? EventMessage<Type, Data>
      : never
    : never;

/** Refuses, at compile time, a pattern that no event of the bus matches. */
export type Reachable<Source, Known extends EventDefinition> = [MessageFrom<Source, Known>] extends [never]
  ? { readonly 'no event of this bus matches': Source }
  : unknown;
