import { InvalidOptionError } from '../../core/errors.ts';
import { show } from '../../core/options.ts';
import { milliseconds } from '../milliseconds.ts';

/** What a diagram may draw: a hot source has a `^` where it is subscribed to, a subscription has `^` and `!` only. */
export type DiagramKind = 'cold' | 'hot' | 'subscription';

/** Everything that may stand at one place of a diagram. */
const TOKEN = /\s+|(?<time>(?<=^|\s)\d+(?:\.\d+)?(?:ms|s|m)(?=\s|$))|(?<mark>[-^!|#()])|(?<letter>[^])/gu;

/**
 * Refuses what RxJS's parser would take for something else than it looks like.
 *
 * @throws InvalidOptionError for a diagram that is malformed, or has a letter without a value, and says where
 */
export function checkDiagram(kind: DiagramKind, marbles: string, values?: Readonly<Record<string, unknown>>): void {
  if (typeof marbles !== 'string') {
    throw new InvalidOptionError(`Expected a marble diagram such as 'a--b|', got ${show(marbles)}.`);
  }
  const check = new DiagramCheck(kind, marbles, values);
  for (const { index, groups = {} } of marbles.matchAll(TOKEN)) {
    if (groups['time'] !== undefined) check.time(groups['time'], index);
    else if (groups['mark'] !== undefined) check.mark(groups['mark'], index);
    else if (groups['letter'] !== undefined) check.letter(groups['letter'], index);
  }
  check.end();
}

/** What of a diagram has been seen so far. */
class DiagramCheck {
  private readonly kind: DiagramKind;
  private readonly marbles: string;
  private readonly values: Readonly<Record<string, unknown>> | undefined;
  private group: number | undefined;
  private terminal: number | undefined;
  private caret: number | undefined;
  private hasTime = false;

  constructor(kind: DiagramKind, marbles: string, values: Readonly<Record<string, unknown>> | undefined) {
    this.kind = kind;
    this.marbles = marbles;
    this.values = values;
  }

  time(written: string, index: number): void {
    this.hasTime = true;
    // RxJS reads a part of a millisecond, too, which no timer keeps.
    if (!isWhole(milliseconds(written))) this.refuse(index, 'a time of whole milliseconds');
    this.expectNoGroup(index, 'no time');
  }

  mark(mark: string, index: number): void {
    switch (mark) {
      case '-':
        this.expectNoGroup(index, 'no time');
        return;
      case '(':
        this.expectNoGroup(index, 'no group');
        this.expectNotOver(index);
        this.group = index;
        return;
      case ')':
        if (this.group === undefined) this.refuse(index, "a '(' before its ')'");
        this.group = undefined;
        return;
      case '^':
        this.beginning(index);
        return;
      case '!':
        if (this.kind !== 'subscription') this.refuse(index, "no '!', which only subscriptions have,");
        if (this.caret === undefined) this.refuse(index, "a '^' before its '!'");
        this.finish(index);
        return;
      default:
        if (this.kind === 'subscription') this.refuse(index, "'^', '!' or time");
        this.finish(index);
    }
  }

  letter(letter: string, index: number): void {
    const { kind, marbles, values } = this;
    if (kind === 'subscription') this.refuse(index, "'^', '!' or time");
    this.expectNotOver(index);
    const isTime =
      /^\d+(?:\.\d+)?(?:ms|s|m)(?!\w)/u.test(marbles.slice(index)) && !/[\d.]/u.test(marbles[index - 1] ?? '');
    if (isTime) this.refuse(index, 'a time to stand between spaces, or it is read as letters,');
    if (values !== undefined && !Object.hasOwn(values, letter)) {
      this.refuse(index, `a letter that has a value ('${Object.keys(values).join("', '")}')`);
    }
  }

  end(): void {
    if (this.group !== undefined) this.refuse(this.marbles.length, `the ')' of the group that began at ${this.group}`);
  }

  private beginning(index: number): void {
    if (this.kind === 'cold') this.refuse(index, "no '^', which only hot sources and subscriptions have,");
    if (this.caret !== undefined) this.refuse(index, `one '^' only, which was at ${this.caret},`);
    // RxJS finds the moment of a hot source's subscription by counting characters.
    if (this.kind === 'hot' && this.hasTime) this.refuse(index, "'-' and no written time before '^'");
    if (this.kind === 'hot') this.expectNoGroup(index, "no '^'");
    this.caret = index;
  }

  private finish(index: number): void {
    this.expectNotOver(index);
    this.terminal = index;
  }

  private expectNoGroup(index: number, what: string): void {
    if (this.group !== undefined) this.refuse(index, `${what} within the group that began at ${this.group}`);
  }

  private expectNotOver(index: number): void {
    if (this.terminal !== undefined) this.refuse(index, `nothing after the end at ${this.terminal}`);
  }

  private refuse(index: number, expected: string): never {
    const { marbles } = this;
    const got = index < marbles.length ? `'${String.fromCodePoint(marbles.codePointAt(index)!)}'` : 'its end';
    throw new InvalidOptionError(
      `Expected ${expected} at ${index} of the marble diagram, got ${got}.\n  ${marbles}\n  ${' '.repeat(index)}^`,
    );
  }
}

/** But for what is lost in counting: `1.001s` is a little less than 1,001. */
function isWhole(count: number): boolean {
  return Math.abs(count - Math.round(count)) < 1e-6;
}
