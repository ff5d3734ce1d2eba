import { framesOutside } from './call-site.ts';
import { preview } from './preview.ts';

/** A test of this kit failed. Runners show `expected` and `actual` where they are given. */
export class TestFailure extends Error {
  /** The class's name. */
  override readonly name: string = 'TestFailure';
  /** What was expected, if that can be compared. */
  declare readonly expected?: unknown;
  /** What came instead. */
  declare readonly actual?: unknown;

  constructor(text: string, { cause, ...compared }: ErrorOptions & { expected?: unknown; actual?: unknown } = {}) {
    super(text, cause === undefined ? undefined : { cause });
    Object.assign(this, compared);
  }

  /** Points at another place than where the failure was found, such as the line that expected something. */
  at(place: Error): this {
    this.stack = `${this.name}: ${this.message}\n${framesOutside(place).join('\n')}`;
    return this;
  }
}

/** What something says that was thrown, which need not be an Error. */
export function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : preview(thrown);
}
