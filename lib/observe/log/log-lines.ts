import type { EventMessage } from '../../core/message.ts';
import type { DropReason } from '../../core/outcome.ts';
import type { Part } from '../../process/probe.ts';
import type { LogLevel } from './log-target.ts';
import type { LogFields } from './log-writer.ts';

/** What a handler's line is about. */
type HandlerTrouble = 'dead-letter' | 'drop' | 'retry';

/** What went wrong, as lines call it: they are counted by it. */
export interface Trouble {
  readonly kind: HandlerTrouble;
  readonly level: LogLevel;
  /** Why, of a dead letter and of a drop. */
  readonly reason?: string;
}

/** Who has it, and with what. */
export interface Affected {
  /** A handler; or what has no handler for it, such as a bus that was given data that does not fit. */
  readonly part: Part;
  /** The event, or the item. */
  readonly event: unknown;
}

/** What has happened, in words. */
export function troubleText({ kind, reason }: Trouble, { part: { name }, event }: Affected): string {
  const what = isMessage(event) ? event.type : 'an item';
  switch (kind) {
    case 'retry':
      return `${name} failed at ${what} and tries again`;
    case 'dead-letter':
      return `${name} gave up on ${what}: ${reason}`;
    default:
      return reason === 'handed-back'
        ? `${name} handed ${what} back to its broker`
        : `${name} dropped ${what}: ${reason}`;
  }
}

/** How many lines were left out, in words. */
export function leftOutText({ kind, reason }: Trouble, name: string, leftOut: number): string {
  return `${name}: ${leftOut} more of kind ${kind}${reason === undefined ? '' : ` (${reason})`} left out of the log`;
}

/** Who has it. */
export function whereFields({ kind, reason }: Trouble, part: Part): LogFields {
  const isHandler = part.kind === 'handler';
  const owner = isHandler ? part.owner : part;
  return {
    kind,
    ...(isHandler && { handler: part.name }),
    ...(owner !== undefined && { owner: { kind: owner.kind, name: owner.name } }),
    ...(reason !== undefined && { reason }),
  };
}

/** What names an event, and finds it elsewhere; none of its data. */
export function eventFields(event: unknown): LogFields {
  if (!isMessage(event)) return {};
  const { id, type, headers } = event;
  const { correlationId = id, causationId, traceparent } = headers;
  return {
    event: {
      id,
      type,
      correlationId,
      ...(causationId !== undefined && { causationId }),
      ...(traceparent !== undefined && { traceparent }),
    },
  };
}

/** What an overflow drops is a loss; what goes back comes again; what a strategy drops was meant to be. */
export function dropLevel(reason: DropReason): LogLevel {
  if (reason === 'drop-newest' || reason === 'drop-oldest') return 'warn';
  return reason === 'handed-back' ? 'info' : 'debug';
}

/** Processors and channels are given whatever items there are. */
export function isMessage(event: unknown): event is EventMessage {
  if (typeof event !== 'object' || event === null) return false;
  const { type, headers } = event as Partial<EventMessage>;
  return typeof type === 'string' && typeof headers === 'object' && headers !== null && 'data' in event;
}
