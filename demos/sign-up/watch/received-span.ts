/** What OTLP calls the kinds of spans, by number. */
const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;

type SpanKind = (typeof KINDS)[number];
type Attributes = Readonly<Record<string, boolean | number | string>>;

/** A span, as a receiver knows it. Times are epoch milliseconds, with microseconds behind the point. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  /** The spans that it is linked to. */
  readonly links: readonly string[];
  /** Why it failed, if it did. */
  readonly error: string | undefined;
}

/** Something that happened within a span. */
interface SpanEvent {
  readonly name: string;
  readonly timeMs: number;
  readonly attributes: Attributes;
}

/** The body of `POST /v1/traces` in JSON, as far as it is read here. */
export interface TraceRequest {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[] }[];
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly events: readonly {
    readonly name: string;
    readonly timeUnixNano: string;
    readonly attributes: readonly OtlpAttribute[];
  }[];
  readonly links: readonly { readonly spanId: string }[];
  readonly status: { readonly code?: number; readonly message?: string };
}

interface OtlpAttribute {
  readonly key: string;
  /** One of `stringValue`, `intValue`, `doubleValue`, `boolValue`; lists and maps are left out here. */
  readonly value: Readonly<Record<string, unknown>>;
}

const ERROR_STATUS = 2;

/** The spans of a request. */
export function spansOf({ resourceSpans }: TraceRequest): readonly ReceivedSpan[] {
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans.map(readSpan)));
}

function readSpan({ traceId, spanId, parentSpanId, name, kind, status, ...rest }: OtlpSpan): ReceivedSpan {
  return {
    traceId,
    spanId,
    parentSpanId,
    name,
    kind: KINDS[kind] ?? 'unspecified',
    startMs: millisecondsOf(rest.startTimeUnixNano),
    endMs: millisecondsOf(rest.endTimeUnixNano),
    attributes: readAttributes(rest.attributes),
    events: rest.events.map((event) => ({
      name: event.name,
      timeMs: millisecondsOf(event.timeUnixNano),
      attributes: readAttributes(event.attributes),
    })),
    links: rest.links.map((link) => link.spanId),
    error: status.code === ERROR_STATUS ? (status.message ?? 'failed') : undefined,
  };
}

/** A number of nanoseconds has more digits than a double. */
function millisecondsOf(nanoseconds: string): number {
  return Number(BigInt(nanoseconds) / 1_000n) / 1_000;
}

function readAttributes(attributes: readonly OtlpAttribute[]): Attributes {
  const read = attributes.flatMap(({ key, value }): [string, boolean | number | string][] => {
    const [plain] = Object.values(value);
    return typeof plain === 'string' || typeof plain === 'number' || typeof plain === 'boolean' ? [[key, plain]] : [];
  });
  return Object.fromEntries(read);
}
