import type { HandlerContext } from 'millrace';
import { RefusedError } from '../shared/refused-error.ts';
import { counted, textOf } from '../shared/text.ts';
import type { SearchMessage } from './events.ts';
import type { Page } from './page.ts';
import { findingsSchema } from './findings.ts';

export interface SearchOptions {
  readonly url: URL;
  readonly page: Page;
  readonly say: (line: string) => void;
}

/** Searches for what was typed, and shows what is found. With `strategy: 'switch'`, a newer search aborts the signal of this one. */
export class Search {
  /** The texts that were searched for, by the id of the search. */
  readonly started = new Map<string, string>();
  readonly #url: URL;
  readonly #page: Page;
  readonly #say: (line: string) => void;

  constructor({ url, page, say }: SearchOptions) {
    this.#url = url;
    this.#page = page;
    this.#say = say;
  }

  async handle({ id, data: { text } }: SearchMessage, { signal }: HandlerContext): Promise<void> {
    this.started.set(id, text);
    if (text === '') {
      this.#say(`${id} clears the page`);
      this.#page.clear();
      return;
    }
    this.#say(`${id} searches for "${text}"`);
    signal.addEventListener('abort', () => this.#say(`${id} aborted: ${textOf(signal.reason)}`));

    const url = new URL(this.#url);
    url.search = new URLSearchParams({ text, id }).toString();
    const response = await fetch(url, { signal });
    if (!response.ok) throw new RefusedError(response);
    const findings = findingsSchema.parse(await response.json());
    this.#say(`${id} shows ${counted(findings.quakes, 'quake')}${findings.strongest && `: ${findings.strongest}`}`);
    this.#page.show(id, text, findings);
  }
}
