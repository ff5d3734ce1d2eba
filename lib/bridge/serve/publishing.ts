import type { PlainMessage } from '../../core/message.ts';
import { type Arrival, type ArrivalOutcome, type Intake, tooLarge } from '../crossing/intake.ts';
import { parseStrangers } from '../crossing/safe-json.ts';
import { fits } from '../crossing/text-size.ts';
import { jsonResponse, ProblemError, problemResponse } from './problem.ts';
import { expectContentType, readBody } from './read-body.ts';
import type { ServerSettings } from './server-settings.ts';

/** How a client is told what became of its events, beside the status. */
interface ReportedArrival {
  readonly id?: string;
  readonly outcome: ArrivalOutcome;
  readonly detail?: string;
}

/** Takes the events of a request, and answers with what became of each. */
export async function publish(
  request: Request,
  intake: Intake,
  maySend: (event: PlainMessage) => boolean,
  settings: ServerSettings,
): Promise<Response> {
  const kind = expectContentType(request);
  const { maxBodyBytes, bodyTimeoutMs: timeoutMs, scheduler } = settings;
  const text = await readBody(request, { maxBodyBytes, timeoutMs, scheduler });
  const events = eventsOf(text, kind, settings);
  // All at once: they go into the bus in their order, and their handlers side by side.
  const taking = events.map((event) => takeOne(event, intake, maySend, settings));
  return respond(await Promise.all(taking));
}

function eventsOf(text: string, kind: 'batch' | 'event', { maxBatchSize }: ServerSettings): readonly unknown[] {
  const parsed = parse(text);
  if (kind === 'event') return [parsed];
  if (!Array.isArray(parsed)) {
    throw new ProblemError({
      status: 400,
      detail: 'Expected a batch to be a JSON array of CloudEvents, got something else. Send [event, …].',
    });
  }
  if (parsed.length <= maxBatchSize) return parsed;
  throw new ProblemError({
    status: 413,
    detail: `Expected at most ${maxBatchSize} events, got ${parsed.length}. Send fewer at a time, or raise maxBatchSize.`,
  });
}

function parse(text: string): unknown {
  try {
    return parseStrangers(text);
  } catch (error) {
    throw new ProblemError({
      status: 400,
      detail: error instanceof Error ? error.message : 'Expected JSON, got none.',
    });
  }
}

/** What takes long goes on without its sender: it is in the bus, by its id. */
function takeOne(
  event: unknown,
  intake: Intake,
  maySend: (event: PlainMessage) => boolean,
  { maxEventBytes, replyWithinMs, scheduler }: ServerSettings,
): Promise<Arrival> {
  if (!fits(JSON.stringify(event), maxEventBytes)) {
    return Promise.resolve(intake.refuse('invalid', tooLarge(maxEventBytes)));
  }
  const id = idOf(event);
  return new Promise((resolve, reject) => {
    const taking = intake.take(event, maySend);
    const timer = scheduler.schedule(
      () => resolve({ outcome: 'taken', ...(id !== undefined && { id }) }),
      replyWithinMs,
    );
    taking.finally(() => timer.unsubscribe()).then(resolve, reject);
  });
}

function idOf(event: unknown): string | undefined {
  const { id } = (typeof event === 'object' && event !== null ? event : {}) as { readonly id?: unknown };
  return typeof id === 'string' ? id : undefined;
}

function respond(arrivals: readonly Arrival[]): Response {
  const events = arrivals.map(reported);
  const status = statusOf(arrivals.map(({ outcome }) => outcome));
  if (status === 200) return jsonResponse(200, { events });
  const refused = arrivals.filter(({ outcome }) => outcome !== 'taken' && outcome !== 'duplicate');
  const detail = `Expected events that can be taken, got ${refused.length} of ${arrivals.length} that cannot. See events: what is 'busy' may be sent again.`;
  return problemResponse({
    status,
    detail,
    more: { events },
    ...(status === 503 && { headers: { 'retry-after': '1' } }),
  });
}

/** What is worth another try first: a client must not take it for refused. */
function statusOf(outcomes: readonly ArrivalOutcome[]): number {
  if (outcomes.includes('busy')) return 503;
  if (outcomes.includes('forbidden') || outcomes.includes('not-allowed')) return 403;
  return outcomes.includes('invalid') ? 422 : 200;
}

/** What is wrong with an event, its sender may know; what is wrong with us, not. */
function reported({ id, outcome, error }: Arrival): ReportedArrival {
  const isTold = error instanceof Error && outcome !== 'busy';
  return { ...(id !== undefined && { id }), outcome, ...(isTold && { detail: error.message }) };
}
