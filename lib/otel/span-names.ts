import type { Attributes } from '@opentelemetry/api';
import type { HandlerPart, Part } from '../process/probe.ts';
import { DESTINATION, GROUP, OPERATION_NAME, OPERATION_TYPE, SCOPE, SUBSCRIPTION, SYSTEM } from './conventions.ts';

/** What every span of a kind of operation at one destination has: made once, as samplers ask for it before a span is there. */
export interface SpanNames {
  readonly name: string;
  readonly attributes: Attributes;
}

/** So many destinations are kept, as a broker may carry any. */
const MAX_KEPT = 1_000;

/** The names of what a bus or a repository sends, by event type. */
export function sendNames(by: Part): (type: string) => SpanNames {
  const operation = by.kind === 'bus' ? 'publish' : 'append';
  const common = { [SYSTEM]: systemOf(by), [OPERATION_NAME]: operation, [OPERATION_TYPE]: 'send' };
  return keeping((type) => named(operation, type, common));
}

/** The names of what a handler does, by event type; of items without one, by what they come from. */
export function processNames({ name, owner }: HandlerPart): (type: string | undefined) => SpanNames {
  const common = {
    [SYSTEM]: systemOf(owner),
    [OPERATION_NAME]: 'process',
    [OPERATION_TYPE]: 'process',
    ...(owner !== undefined && { [GROUP]: owner.name }),
    [SUBSCRIPTION]: name,
  };
  return keeping((type) => named('process', type, common));
}

/** Which system carries messages: the broker, by its name, or this library itself. */
export function systemOf(part: Part | undefined): string {
  const { broker } = (part?.stats() ?? {}) as { readonly broker?: { readonly name: string } };
  return broker?.name ?? SCOPE;
}

function named(operation: string, destination: string | undefined, common: Attributes): SpanNames {
  if (destination === undefined) return { name: operation, attributes: common };
  return { name: `${operation} ${destination}`, attributes: { ...common, [DESTINATION]: destination } };
}

function keeping<Type>(make: (type: Type) => SpanNames): (type: Type) => SpanNames {
  const kept = new Map<Type, SpanNames>();
  return (type) => {
    const known = kept.get(type);
    if (known !== undefined) return known;
    const names = make(type);
    if (kept.size < MAX_KEPT) kept.set(type, names);
    return names;
  };
}
