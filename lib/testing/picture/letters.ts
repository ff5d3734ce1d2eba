import { preview } from '../preview.ts';
import { isStrictlyEqual } from '../strict-equality.ts';

const ALPHABET: readonly string[] =
  /* @__PURE__ */ 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'.split('');

/** Gives values the letters of a diagram: a single character stands for itself, anything else for the next letter that is free. */
export class Letters {
  private readonly known: { readonly letter: string; readonly value: unknown; readonly isImplied: boolean }[];

  /** @param values - letters that are given already */
  constructor(values: Readonly<Record<string, unknown>> = {}) {
    this.known = Object.entries(values).map(([letter, value]) => ({ letter, value, isImplied: letter === value }));
  }

  of(value: unknown): string {
    const known = this.known.find((entry) => isStrictlyEqual(value, entry.value));
    if (known !== undefined) return known.letter;
    const isFree = (letter: string): boolean => this.known.every((entry) => entry.letter !== letter);
    const isOwn = typeof value === 'string' && /^[^-^!|#()\s]$/u.test(value) && isFree(value);
    const letter = isOwn ? value : ALPHABET.find(isFree);
    // Not remembered: each further value would be compared with all of them.
    if (letter === undefined) return '?';
    this.known.push({ letter, value, isImplied: isOwn });
    return letter;
  }

  /** What the letters stand for, a line each; of those that stand for themselves, none. */
  legend(): readonly string[] {
    return this.known.filter(({ isImplied }) => !isImplied).map(({ letter, value }) => `${letter} = ${preview(value)}`);
  }
}
