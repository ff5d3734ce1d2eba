import { OTHER } from './conventions.ts';

/** Keeps the values of an attribute few: each combination of values is a series of its own, in every place that keeps metrics. */
export class BoundedNames {
  readonly #known = new Set<string>();
  readonly #max: number;

  /** @param max - names that are kept apart; those that come later are one */
  constructor(max: number) {
    this.#max = max;
  }

  of(name: string): string {
    if (this.#known.has(name)) return name;
    if (this.#known.size >= this.#max) return OTHER;
    this.#known.add(name);
    return name;
  }
}
