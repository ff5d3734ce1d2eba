import { setTimeout as sleep } from 'node:timers/promises';
import { createProcessor } from 'millrace';
import type { Subject } from 'rxjs';
import { RefusedError } from '../../shared/refused-error.ts';
import type { Answer, AnswerCode } from '../intake/answer.ts';

/** Who finds nobody there comes again after so long. */
const UNREACHABLE_MS = 200;

/** A line of the file, by its number. */
interface Line {
  readonly number: number;
  readonly text: string;
}

export interface ReplayOptions {
  readonly lines: AsyncIterable<string>;
  readonly url: URL;
  /** Lines that are sent in a second. */
  readonly perSecond: number;
  /** Ends it: nothing more is read. */
  readonly signal: AbortSignal;
  /** Told of the answer to each line. */
  readonly answers: Subject<AnsweredLine>;
}

/** A line, by its number, and what was answered at last. */
export interface AnsweredLine {
  readonly line: number;
  readonly answer: Answer;
}

/** What was sent, and what came back. */
export class ReplayCounts {
  /** Empty ones left out. */
  lines = 0;
  /** Lines that were answered, and not only told to come again. */
  answered = 0;
  /** Lines that had no answer too often, or were told to come again too often. */
  unanswered = 0;
  /** Lines that are no JSON. */
  malformed = 0;
  requests = 0;
  /** Of these, those that came to nothing: nobody was there, or is there any more. */
  broken = 0;
  readonly answers: Partial<Record<AnswerCode, number>> = {};
  /** Who was signed up. */
  readonly userIds: Set<string> = new Set();
}

/** Somebody who sends each line as a request of its own, and comes again later where that is asked for. */
export async function replay(
  { lines, url, perSecond, signal, answers }: ReplayOptions,
  counts: ReplayCounts,
): Promise<void> {
  // Bounded like any handler: as long as answers are late, no more lines are read.
  const sender = createProcessor(send, {
    name: 'replay',
    concurrency: 8,
    capacity: 8,
    retry: {
      maxAttempts: 60,
      delayMs: (_, error) => (error instanceof RefusedError ? error.retryAfterMs! : UNREACHABLE_MS),
      retryIf: (error) => error instanceof RefusedError || isUnreachable(error),
    },
  });

  for await (const text of lines) {
    if (signal.aborted) break;
    if (text.trim() === '') continue;
    await sleep(1_000 / perSecond);
    await sender.send({ number: ++counts.lines, text });
  }
  await sender.drain();
  counts.unanswered = sender.stats().dead;

  async function send({ number, text }: Line): Promise<void> {
    counts.requests++;
    const { response, answer } = await post(url, text).catch((error: unknown) => {
      counts.broken++;
      throw error;
    });
    counts.answers[answer.code] = (counts.answers[answer.code] ?? 0) + 1;
    if (answer.code === 'busy') throw new RefusedError(response);
    counts.answered++;
    if (answer.userId !== undefined) counts.userIds.add(answer.userId);
    // At the end, and of what is too large, nobody looks at the rest.
    if (answer.code !== 'closing' && answer.code !== 'too large' && !isJson(text)) counts.malformed++;
    answers.next({ line: number, answer });
  }
}

async function post(url: URL, body: string): Promise<{ readonly response: Response; readonly answer: Answer }> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return { response, answer: (await response.json()) as Answer };
}

/** That is what fetch throws, and what reads an answer that breaks off. */
function isUnreachable(error: unknown): boolean {
  return error instanceof TypeError;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
