import { connect, debounceTime, distinctUntilChanged, filter, map, merge, type Observable, scan } from 'rxjs';
import type { Keystroke } from './keyboard.ts';

export interface SearchTextsOptions {
  /** How long a pause asks for a search. */
  readonly debounceMs: number;
}

/**
 * The texts that are to be searched for: what stands in the input at a pause, at once with Enter, and at the end; never the same twice in a
 * row.
 */
export function searchTexts(keystrokes: Observable<Keystroke>, { debounceMs }: SearchTextsOptions): Observable<string> {
  return keystrokes.pipe(
    scan((input, { key }) => ({ text: press(input.text, key), isEntered: key === 'Enter' }), {
      text: '',
      isEntered: false,
    }),
    connect((inputs) =>
      merge(inputs.pipe(filter(({ isEntered }) => isEntered)), inputs.pipe(debounceTime(debounceMs))),
    ),
    map(({ text }) => text.trim()),
    distinctUntilChanged(),
  );
}

/** What stands in a search input after a key: Escape clears it, as in browsers, and keys that write nothing change nothing. */
export function press(text: string, key: string): string {
  if (key === 'Escape') return '';
  if (key === 'Backspace') return text.slice(0, -1);
  return key.length === 1 ? text + key : text;
}
