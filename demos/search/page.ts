import type { Findings } from './findings.ts';

/** What somebody who searches looks at. */
export class Page {
  /** The ids of the searches that it has shown, in order. */
  readonly shown: string[] = [];
  cleared = 0;
  #text = '';
  #findings: Findings | undefined;

  /** What it shows the findings of; nothing if it is empty. */
  get text(): string {
    return this.#text;
  }

  get findings(): Findings | undefined {
    return this.#findings;
  }

  show(id: string, text: string, findings: Findings): void {
    this.shown.push(id);
    this.#text = text;
    this.#findings = findings;
  }

  clear(): void {
    this.cleared++;
    this.#text = '';
    this.#findings = undefined;
  }
}
