import { isSpanContextValid, type SpanContext } from '@opentelemetry/api';

// W3C Trace Context, level 1: version, trace, parent and flags. Later versions may add fields behind them.
const FORM =
  /^(?<version>[\da-f]{2})-(?<traceId>[\da-f]{32})-(?<spanId>[\da-f]{16})-(?<flags>[\da-f]{2})(?<more>-.*)?$/;
const LAST_OF_FLAGS = 54;

/** Whether a `traceparent` says that its trace is recorded. Asked of every event, so it looks at one digit only. */
export function isSampled(traceparent: string): boolean {
  const digit = traceparent.charCodeAt(LAST_OF_FLAGS);
  // '0' is even, and so is 10, but 'a' is odd.
  return ((digit < 0x61 ? digit : digit + 1) & 1) === 1;
}

/** Reads a `traceparent`; of one that is none, undefined. */
export function readTraceparent(traceparent: string): SpanContext | undefined {
  const { version, traceId, spanId, flags, more } = FORM.exec(traceparent)?.groups ?? {};
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  const found = { traceId: traceId!, spanId: spanId!, traceFlags: Number.parseInt(flags!, 16) & 1, isRemote: true };
  return isSpanContextValid(found) ? found : undefined;
}

/** Writes a `traceparent`. */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`;
}

/** Of a trace that nobody records: it tells others not to begin one. */
export function unsampledTraceparent(random: () => number): string {
  return `00-${hex(random)}${hex(random)}${hex(random)}${hex(random)}-${hex(random)}${hex(random)}-00`;
}

/** Eight digits; never all zero, which would be no id. */
function hex(random: () => number): string {
  return (Math.floor(random() * 0xffff_ffff) + 1).toString(16).padStart(8, '0');
}
