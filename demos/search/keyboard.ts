import { concatMap, defer, from, map, type Observable, timer } from 'rxjs';
import { z } from 'zod';

/** A line of the file: a key as `KeyboardEvent.key` names it, and when it was pressed. */
export const keystrokeSchema = z.object({ atMs: z.number().min(0), key: z.string().min(1) });
export type Keystroke = z.infer<typeof keystrokeSchema>;

/** Presses the keys when they were pressed, so many times as fast. */
export function replay(keystrokes: readonly Keystroke[], speed: number): Observable<Keystroke> {
  return defer(() => {
    const startedAt = Date.now();
    return from(keystrokes).pipe(
      concatMap((keystroke) => timer(new Date(startedAt + keystroke.atMs / speed)).pipe(map(() => keystroke))),
    );
  });
}
