import { InvalidOptionError } from '../core/errors.ts';

/** The server takes lines of 4,096 bytes: subject, answer, sizes and words together. */
const MOST_BYTES = 1_024;

/** The subjects of a broker's topics. */
export class Subjects {
  readonly #prefix: string;
  readonly #inboxPrefix: string;

  constructor(prefix: string, inboxPrefix: string) {
    this.#prefix = prefix;
    this.#inboxPrefix = inboxPrefix;
  }

  /**
   * The subject of a topic, or of a pattern.
   *
   * @throws InvalidOptionError for one that would not be a message to anybody
   */
  of(topic: string): string {
    const subject = this.#prefix + topic;
    if (subject.length * 3 > MOST_BYTES) expectShort('a topic with subjectPrefix', subject);
    if (subject.startsWith('$') || subject === this.#inboxPrefix || subject.startsWith(`${this.#inboxPrefix}.`)) {
      throw new InvalidOptionError(
        `Expected a topic that does not begin with '$' or '${this.#inboxPrefix}.', which NATS has for itself, got '${topic}'. Choose another, or a subjectPrefix.`,
      );
    }
    return subject;
  }

  topicOf(subject: string): string {
    return subject.slice(this.#prefix.length);
  }
}

/** Returns `subject` if the server can read it. */
export function expectShort(what: string, subject: string): string {
  const { length } = new TextEncoder().encode(subject);
  if (length <= MOST_BYTES) return subject;
  throw new InvalidOptionError(
    `Expected ${what} to be at most ${MOST_BYTES} bytes in UTF-8, got ${length}: '${subject.slice(0, 40)}…'.`,
  );
}

/** Whether all that `inner` stands for is in `outer`. Both may have wildcards. */
export function covers(outer: string, inner: string): boolean {
  const [wide, narrow] = [outer.split('.'), inner.split('.')];
  for (const [index, token] of wide.entries()) {
    const other = narrow[index];
    if (other === undefined) return false;
    if (token === '>') return true;
    if (other === '>' || (token !== '*' && token !== other)) return false;
  }
  return wide.length === narrow.length;
}

/** Whether something may be in both. */
export function overlap(one: string, other: string): boolean {
  const [ours, theirs] = [one.split('.'), other.split('.')];
  for (const [index, token] of ours.entries()) {
    const counterpart = theirs[index];
    if (counterpart === undefined) return false;
    if (token === '>' || counterpart === '>') return true;
    if (token !== '*' && counterpart !== '*' && token !== counterpart) return false;
  }
  return ours.length === theirs.length;
}

/** Those that no other one covers. */
export function widest(subjects: readonly string[]): readonly string[] {
  const distinct = [...new Set(subjects)];
  return distinct.filter((subject) => !distinct.some((other) => other !== subject && covers(other, subject)));
}

/** One that covers all: the tokens that they begin with alike, then the rest. */
export function commonOf(subjects: readonly string[]): string {
  if (subjects.length === 1) return subjects[0]!;
  const lists = subjects.map((subject) => subject.split('.'));
  const [first] = lists;
  // The rest is one token at least.
  const most = Math.min(...lists.map(({ length }) => length)) - 1;
  let shared = 0;
  while (shared < most && lists.every((tokens) => tokens[shared] === first![shared])) shared++;
  return [...first!.slice(0, shared), '>'].join('.');
}
