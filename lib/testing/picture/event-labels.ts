import type { EventMessage } from '../../core/message.ts';

/** `t` and `x` are marks of attempts. */
const LETTERS = 'abcdefghijklmnopqrsuvwyz';

/** Names events a, b, c, … in the order in which they first appear; after z comes aa. */
export class EventLabels {
  /** What each label stands for: the data of a message, or an item as it is. */
  readonly all: Map<string, unknown> = new Map();
  private readonly known = new Map<object, string>();
  private readonly published = new Map<unknown, EventMessage[]>();

  ofPublished(message: EventMessage): string {
    const { data } = message;
    const same = this.published.get(data);
    if (same === undefined) this.published.set(data, [message]);
    else same.push(message);
    return this.of(message);
  }

  /** Equal values that are no objects cannot be told from each other: each is an event of its own. */
  of(event: unknown): string {
    if (typeof event !== 'object' || event === null) return this.create(event);
    const known = this.known.get(event) ?? this.ofOriginal(event);
    const label = known ?? this.create(isMessage(event) ? event.data : event);
    this.known.set(event, label);
    return label;
  }

  /** A probe that adds headers makes a copy of what was published. */
  private ofOriginal(event: object): string | undefined {
    if (!isMessage(event)) return undefined;
    const original = this.published.get(event.data)?.find((message) => isSame(message, event));
    return original && this.known.get(original);
  }

  private create(value: unknown): string {
    const label = labelAt(this.all.size);
    this.all.set(label, value);
    return label;
  }
}

/** As columns of a spreadsheet are named. */
function labelAt(index: number): string {
  const letter = LETTERS[index % LETTERS.length]!;
  return index < LETTERS.length ? letter : labelAt(Math.floor(index / LETTERS.length) - 1) + letter;
}

function isMessage(event: object): event is EventMessage {
  const { type, headers } = event as Partial<EventMessage>;
  return typeof type === 'string' && typeof headers === 'object' && 'data' in event;
}

/** An id may be made only now, by a function of the user. */
function isSame(one: EventMessage, other: EventMessage): boolean {
  try {
    return one.type === other.type && one.id === other.id;
  } catch {
    return false;
  }
}
