import type { HandlerCounts, InspectorSnapshot, ProcessorStats } from 'millrace';
import { otelMetrics, otelTraces } from 'millrace/otel';
import type { Sum } from '../../shared/sums.ts';
import { grouped, table } from '../../shared/text.ts';
import type { Remains } from '../summary.ts';
import { drawTrace, type Paint, plain } from './draw-trace.ts';
import { Graph } from './graph.ts';
import { OwnSpans } from './own-spans.ts';
import type { ReceivedSpan } from './received-span.ts';
import { openReceiver } from './receiver.ts';
import { Scrape } from './scrape.ts';
import { startSdk } from './sdk.ts';
import { richestTrace } from './trace-tree.ts';
import type { Watch } from './watch.ts';

/** Looks at a run with OpenTelemetry: metrics are scraped, and spans received, within this program. */
export async function openTraceWatch(): Promise<Watch> {
  const receiver = await openReceiver();
  const sdk = await startSdk(receiver.url);
  const own = new OwnSpans();
  const graph = new Graph();
  return {
    // This is what an application has to do.
    probes: [graph.inspector, otelMetrics(), otelTraces()],
    metricsUrl: sdk.metricsUrl,
    intake: (intake) => own.intake(intake),
    mail: (send, server) => own.mail(send, server),
    store: (store) => own.store(store),
    look: () => graph.look(),
    async findings(remains) {
      await own.settled();
      const spans = spansOf(own.counts, remains);
      await receiver.receives(total(spans));
      const scrape = await Scrape.of(sdk.metricsUrl);
      const { totals } = graph.inspector.snapshot();
      return {
        lines: [
          ...scrapedLines(scrape, remains.bus.handlers, sdk.metricsUrl),
          ...graph.lines,
          ...traceLines(richestTrace(receiver.traces.values()), remains),
        ],
        sums: [{ of: 'spans received', whole: receiver.count, parts: spans }, ...sumsOfScrape(scrape, totals)],
      };
    },
    async [Symbol.asyncDispose]() {
      await sdk[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

/** Metrics that are worth a line. */
const SHOWN = [
  'messaging_client_consumed_messages_total',
  'millrace_handler_handled_total',
  'millrace_handler_retries_total',
  'millrace_handler_dead_letters_total',
  'messaging_process_duration_count',
  'messaging_process_duration_sum',
];

function scrapedLines(scrape: Scrape, handlers: readonly ProcessorStats[], url: URL): readonly string[] {
  const rows = SHOWN.map((metric) => {
    const counts = handlers.map(({ name }) => scrape.sum(metric, { messaging_destination_subscription_name: name }));
    return [metric as number | string].concat(counts.map(rounded));
  });
  const heads = ['', ...handlers.map(({ name }) => name)];
  return ['', `Scraped from ${url.href}, ${grouped(scrape.series.length)} series, of them:`, '', ...table(heads, rows)];
}

function traceLines(spans: readonly ReceivedSpan[] | undefined, { accepted }: Remains): readonly string[] {
  if (spans === undefined) return ['', 'There was no trace.'];
  const messages = new Set(spans.map(({ attributes }) => attributes['messaging.message.id']));
  const userId = accepted.find(({ eventId }) => messages.has(eventId))?.userId ?? 'nobody';
  const title = `The trace ${spans[0]!.traceId}, of the sign-up of ${userId}, ${spans.length} spans:`;
  return ['', title, '', ...drawTrace(spans, process.stdout.isTTY && process.stdout.hasColors() ? colored : plain)];
}

/** The spans that anybody has begun. */
function spansOf({ requests, mails, files }: OwnSpans['counts'], { bus }: Remains): Sum['parts'] {
  const handlings = bus.handlers.reduce((sum, { accepted, redriven }) => sum + accepted + redriven, 0);
  return {
    requests,
    'of events published': bus.emitted,
    'of handlers': handlings,
    'of mails': mails,
    'of files': files,
  };
}

function total(parts: Sum['parts']): number {
  return Object.values(parts).reduce((sum, part) => sum + part, 0);
}

/** What a Prometheus would see is what the inspector sees. */
function sumsOfScrape(scrape: Scrape, totals: InspectorSnapshot['totals']): readonly Sum[] {
  const sum = (of: string, metric: string, ...counts: readonly (keyof HandlerCounts)[]): Sum => ({
    of: `${of}, as scraped`,
    whole: scrape.sum(metric),
    parts: Object.fromEntries(counts.map((count) => [`inspected as ${count}`, totals[count]])),
  });
  return [
    sum('copies', 'messaging_client_consumed_messages_total', 'accepted', 'redriven'),
    sum('handled', 'millrace_handler_handled_total', 'handled'),
    sum('retries', 'millrace_handler_retries_total', 'retried'),
    sum('dead letters', 'millrace_handler_dead_letters_total', 'dead'),
  ];
}

const CODES = { dim: [2, 22], green: [32, 39], red: [31, 39] } as const;

const colored: Paint = (color, text) => `\x1b[${CODES[color][0]}m${text}\x1b[${CODES[color][1]}m`;

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
