import { byId } from '../dom.ts';

/** A screen reader cannot say more in this time. */
const BREATH_MS = 2_500;

/** Says what has happened to whoever cannot see it: one thing at a time, and of many only the last. */
export class Announcer {
  readonly #element = byId('announcements', HTMLParagraphElement);
  #next: string | undefined;
  #isBusy = false;

  say(text: string): void {
    this.#next = text;
    if (!this.#isBusy) this.#speak();
  }

  #speak(): void {
    if (this.#next === undefined) {
      this.#isBusy = false;
      return;
    }
    this.#isBusy = true;
    this.#element.textContent = this.#next;
    this.#next = undefined;
    setTimeout(() => this.#speak(), BREATH_MS);
  }
}
