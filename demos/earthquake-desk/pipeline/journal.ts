import { appendFile } from 'node:fs/promises';
import { bufferCount, lastValueFrom, map, mergeMap, type Observable } from 'rxjs';
import type { QuakeMessage } from '../../shared/earthquakes/events.ts';

export interface JournalOptions {
  readonly file: string;
  /** Lines that are written at once. */
  readonly batchSize: number;
}

/** What has been written. */
export interface Journal {
  readonly lines: number;
  readonly batches: number;
  /** Resolves when the bus is closed and the last line is on the disk; rejects if one cannot be written. */
  readonly written: Promise<void>;
}

/**
 * Writes every report into a file, a batch at a time. A plain RxJS pipeline: a typed subject is an Observable, and closing its bus
 * completes it, so that the last, partial batch is written too.
 */
export function keepJournal(reports: Observable<QuakeMessage>, { file, batchSize }: JournalOptions): Journal {
  const progress = { lines: 0, batches: 0 };
  const pipeline = reports.pipe(
    map((message) => `${JSON.stringify(message)}\n`),
    bufferCount(batchSize),
    mergeMap(async (lines) => {
      await appendFile(file, lines.join(''));
      progress.lines += lines.length;
      progress.batches++;
    }, 2),
  );
  const written = lastValueFrom(pipeline, { defaultValue: undefined });
  // Whoever waits for it is told; meanwhile it is no unhandled rejection.
  written.catch(() => undefined);
  return Object.assign(progress, { written });
}
