import { createEventBus, defineEvent, payload, retryWithBackoff } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { debounceTime, defer, map, switchMap } from 'rxjs';
import { it, vi } from 'vitest';

const SearchTyped = defineEvent('search.typed', payload<{ text: string }>());

it(
  'asks the server when typing pauses, and again when it refuses',
  virtualTest(({ hot, expect }) => {
    const bus = createEventBus();
    const ask = vi.fn(async (text: string) => `results for ${text}`).mockRejectedValueOnce(new Error('busy'));
    const results$ = bus.events(SearchTyped).pipe(
      map(({ data }) => data.text),
      debounceTime(30),
      switchMap((text) => defer(() => ask(text)).pipe(retryWithBackoff({ maxAttempts: 3, delayMs: 50 }))),
    );

    hot('r--x 200ms j-s', { r: 'r', x: 'rx', j: 'rxj', s: 'rxjs' }).subscribe((text) =>
      bus.emit(SearchTyped, { text }),
    );
    // The first pause is over at 33 ms, and the server refuses; 50 ms later it answers.
    expect(results$).toBeObservable('83ms a 152ms b', { a: 'results for rx', b: 'results for rxjs' });
  }),
);
