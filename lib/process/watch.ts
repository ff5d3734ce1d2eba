import { Subscription } from 'rxjs';
import { InvalidOptionError } from '../core/errors.ts';
import { copyMessage, type EventMessage, type MessageHeaders } from '../core/message.ts';
import { show } from '../core/options.ts';
import type { ErrorReports } from './error-reports.ts';
import { type Handling, type Observing, type Probe, SafeProbe } from './probe.ts';

/** Whoever is told: one probe, or several as one. */
export type Teller = Pick<SafeProbe, 'around' | 'publishing' | 'tell'>;

/**
 * The probes of an engine, or of a bus and all of its engines. They share it, so that a probe can come, and go, while they work. As long as there is
 * none, `probe` is `undefined`, and nothing is made that could be told of.
 */
export class Watch {
  /** Whom to tell. */
  probe: Teller | undefined = undefined;
  readonly #errors: ErrorReports;
  readonly #onChange: () => void;
  readonly #all = new Set<SafeProbe>();

  /** @param onChange - called when a probe has come or gone */
  constructor(errors: ErrorReports, probe: Probe | undefined, onChange: () => void = () => {}) {
    this.#errors = errors;
    this.#onChange = onChange;
    if (probe !== undefined) this.#add(probe);
  }

  /** @throws InvalidOptionError for what is no object */
  add(probe: Probe): Subscription {
    const safe = this.#add(probe);
    this.#onChange();
    return new Subscription(() => {
      this.#all.delete(safe);
      this.#choose();
      this.#onChange();
    });
  }

  #add(probe: Probe): SafeProbe {
    const safe = new SafeProbe(expectProbe(probe), this.#errors);
    this.#all.add(safe);
    this.#choose();
    return safe;
  }

  #choose(): void {
    const [first] = this.#all;
    this.probe = this.#all.size > 1 ? new Probes(this.#all) : first;
  }
}

/** Several probes, told in the order in which they came. */
class Probes implements Teller {
  readonly #all: ReadonlySet<SafeProbe>;

  constructor(all: ReadonlySet<SafeProbe>) {
    this.#all = all;
  }

  tell<Name extends Observing>(name: Name, ...details: Parameters<NonNullable<Probe[Name]>>): void {
    for (const probe of this.#present()) probe.tell(name, ...details);
  }

  /** Each is given the message with the headers of those before it. */
  publishing(message: EventMessage): MessageHeaders | undefined {
    let sent = message;
    const headers: MessageHeaders = {};
    for (const probe of this.#present()) {
      const added = probe.publishing(sent);
      if (added === undefined) continue;
      Object.assign(headers, added);
      sent = copyMessage(message, { headers: { ...message.headers, ...headers } });
    }
    return sent === message ? undefined : headers;
  }

  /** The first one is the outermost. */
  around<Result>(handling: Handling, call: () => Result): Result {
    const nest = (inner: () => Result, probe: SafeProbe) => (): Result => probe.around(handling, inner);
    return [...this.#all].reduceRight(nest, call)();
  }

  /** Those who come while others are told are not told of it, nor are those who have gone. */
  *#present(): Iterable<SafeProbe> {
    const before = [...this.#all];
    for (const probe of before) if (this.#all.has(probe)) yield probe;
  }
}

function expectProbe(probe: Probe): Probe {
  if (typeof probe === 'object' && probe !== null) return probe;
  throw new InvalidOptionError(`Expected a probe to be an object of callbacks such as settled, got ${show(probe)}.`);
}
