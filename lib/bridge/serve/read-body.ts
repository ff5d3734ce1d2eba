import type { SchedulerLike } from 'rxjs';
import { mediaTypeOf } from '../../broker/wire/content.ts';
import { show } from '../../core/options.ts';
import { ProblemError } from './problem.ts';

const EVENT = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';

/** How much is read of a request, and for how long. */
export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly timeoutMs: number;
  readonly scheduler: SchedulerLike;
}

/** Whether a request has one event or several. A content type of its own, so that no page of another origin can send it without asking first. */
export function expectContentType({ headers }: Request): 'batch' | 'event' {
  const contentType = headers.get('content-type') ?? '';
  const encoding = headers.get('content-encoding') ?? 'identity';
  const mediaType = mediaTypeOf(contentType);
  const charset = /;\s*charset="?([^";]+)/iu.exec(contentType)?.[1] ?? 'utf-8';
  if ((mediaType === EVENT || mediaType === BATCH) && encoding === 'identity' && charset.toLowerCase() === 'utf-8') {
    return mediaType === BATCH ? 'batch' : 'event';
  }
  throw new ProblemError({
    status: 415,
    detail: `Expected a body of '${EVENT}' or '${BATCH}' in UTF-8, not encoded otherwise, got ${show(contentType)}${
      encoding === 'identity' ? '' : ` encoded as ${show(encoding)}`
    }. Send CloudEvents in structured mode.`,
    headers: { accept: `${EVENT}, ${BATCH}` },
  });
}

/**
 * Reads a body as text, and not more of it than allowed, whatever its length was said to be.
 *
 * @throws ProblemError
 */
export async function readBody(request: Request, limits: BodyLimits): Promise<string> {
  const { maxBodyBytes, timeoutMs, scheduler } = limits;
  if (Number(request.headers.get('content-length') ?? 0) > maxBodyBytes) throw tooLarge(maxBodyBytes);
  const reader = request.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  if (reader === undefined) return '';
  let isLate = false;
  const timer = scheduler.schedule(() => {
    isLate = true;
    // Ends the read that waits.
    reader.releaseLock();
  }, timeoutMs);
  try {
    return await readAll(reader, maxBodyBytes);
  } catch (error) {
    // What is left is not cancelled: Node would end the connection before our answer is out.
    reader.releaseLock();
    if (isLate) throw tooLate(timeoutMs);
    throw error instanceof TypeError ? noText() : error;
  } finally {
    timer.unsubscribe();
  }
}

async function readAll(reader: ReadableStreamDefaultReader<Uint8Array>, maxBodyBytes: number): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > maxBodyBytes) throw tooLarge(maxBodyBytes);
    text += decoder.decode(value, { stream: true });
  }
}

function noText(): ProblemError {
  return new ProblemError({
    status: 400,
    detail: 'Expected a body of text in UTF-8, got bytes that are none. Send CloudEvents as JSON.',
  });
}

function tooLate(timeoutMs: number): ProblemError {
  return new ProblemError({
    status: 408,
    detail: `Expected the whole body within ${timeoutMs} ms, got a part of it. Send it again.`,
  });
}

function tooLarge(maxBodyBytes: number): ProblemError {
  return new ProblemError({
    status: 413,
    detail: `Expected a body of at most ${maxBodyBytes} bytes, got more. Send fewer events at a time, or raise maxBodyBytes.`,
  });
}
