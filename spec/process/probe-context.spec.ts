import { AsyncLocalStorage } from 'node:async_hooks';
import { createProcessor } from 'millrace';
import { throwError, VirtualTimeScheduler } from 'rxjs';
import { expect, it } from 'vitest';

it('runs every attempt inside of the context of its probe', () => {
  const scheduler = new VirtualTimeScheduler();
  const storage = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const processor = createProcessor<string>(
    () => {
      seen.push(storage.getStore());
      return throwError(() => 'no');
    },
    {
      probe: { around: ({ event, attempts }, call) => storage.run(`${String(event)} ${attempts}`, call) },
      retry: { maxAttempts: 2 },
      scheduler,
    },
  );
  processor.trySend('a');
  scheduler.flush();
  expect(seen).toEqual(['a 1', 'a 2']);
});
