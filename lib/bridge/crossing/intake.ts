import type { SchedulerLike } from 'rxjs';
import { InvalidMessageError } from '../../broker/wire/invalid-message-error.ts';
import { MillraceError } from '../../core/errors.ts';
import type { EventDefinition } from '../../core/event-definition.ts';
import type { PlainMessage } from '../../core/message.ts';
import { show } from '../../core/options.ts';
import type { PublishReport } from '../../core/outcome.ts';
import { checkData, isPromiseLike, SchemaError } from '../../core/schema.ts';
import type { AllowList } from './allow-list.ts';
import { BridgeError } from './bridge-error.ts';
import type { AnyBus } from './bridged-bus.ts';
import { type KnownIds, knownIdsOf } from './known-ids.ts';
import { type IncomingEvent, readEvent } from './read-event.ts';
import { parseStrangers } from './safe-json.ts';
import { fits } from './text-size.ts';

/**
 * What became of an event that has arrived.
 *
 * - `taken`: the bus has it: in process, its handlers have ended; across a broker, it is confirmed
 * - `duplicate`: the bus had it already, by its id
 * - `not-allowed`, `forbidden`, `invalid`: not on the list, not for this sender, no event or not what its schema asks for; it will not be taken later either
 * - `busy`: not now; it may come again
 */
export type ArrivalOutcome = 'busy' | 'duplicate' | 'forbidden' | 'invalid' | 'not-allowed' | 'taken';

/** One event that has arrived. */
export interface Arrival {
  readonly outcome: ArrivalOutcome;
  readonly id?: string;
  readonly type?: string;
  readonly error?: unknown;
}

/** What an intake needs of its bridge. */
export interface IntakeOptions {
  readonly bus: AnyBus;
  /** Tells the bridges of a bus apart. */
  readonly bridge: object;
  readonly receive: AllowList;
  readonly scheduler: SchedulerLike;
  /**
   * What becomes of data that its schema refuses: a letter in the bus's dead letters; or nothing, where the sender is told, as strangers must not be able to push out the letters that
   * matter.
   */
  readonly invalid: 'dead-letter' | 'refuse';
}

/** How many events have arrived, by what became of them. */
export type ArrivalCounts = Readonly<Record<ArrivalOutcome, number>>;

/** Where events from the other side come into the bus: those that may, checked, and each once. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #known: KnownIds;
  readonly #counts: Record<ArrivalOutcome, number> = {
    taken: 0,
    duplicate: 0,
    forbidden: 0,
    invalid: 0,
    'not-allowed': 0,
    busy: 0,
  };

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#known = knownIdsOf(options.bus);
  }

  get counts(): ArrivalCounts {
    return { ...this.#counts };
  }

  /**
   * Takes an event. What comes one after the other goes into the bus in this order. Never rejects.
   *
   * @param parsed - its JSON, parsed by `parseStrangers`
   * @param mayCome - whether this sender may send it
   */
  async take(parsed: unknown, mayCome?: (event: PlainMessage) => boolean): Promise<Arrival> {
    const arrival = await this.#take(parsed, mayCome);
    this.#counts[arrival.outcome]++;
    return arrival;
  }

  /** Takes an event that came as text; whatever it is, it may be of a stranger. */
  async takeText(text: unknown, maxEventBytes: number): Promise<Arrival> {
    if (typeof text !== 'string' || !fits(text, maxEventBytes)) {
      return this.refuse('invalid', tooLarge(maxEventBytes, typeof text === 'string' ? 'more of them' : show(text)));
    }
    let parsed: unknown;
    try {
      parsed = parseStrangers(text);
    } catch (error) {
      return this.refuse('invalid', error);
    }
    return this.take(parsed);
  }

  /** Counts what was no event, or is not one of ours to take. */
  refuse(outcome: 'busy' | 'invalid', error: unknown): Arrival {
    this.#counts[outcome]++;
    return { outcome, error };
  }

  async #take(parsed: unknown, mayCome?: (event: PlainMessage) => boolean): Promise<Arrival> {
    const { receive, scheduler } = this.#options;
    let incoming: IncomingEvent;
    try {
      incoming = readEvent(parsed, receive, scheduler.now());
    } catch (error) {
      return { outcome: refusalOf(error), error };
    }
    const { id, type } = incoming.message;
    try {
      if (mayCome?.(incoming.message) === false) return { id, type, outcome: 'forbidden', error: forbidden(type) };
      return { id, type, ...(await this.#ingest(incoming)) };
    } catch (error) {
      return { id, type, outcome: error instanceof SchemaError ? 'invalid' : 'busy', error };
    }
  }

  async #ingest({ definition, message }: IncomingEvent): Promise<Arrival> {
    const { bus, bridge, invalid } = this.#options;
    const { data, ...envelope } = message;
    let checked = data;
    if (invalid === 'refuse') {
      const result = checkData(definition, data);
      checked = isPromiseLike(result) ? await result : result;
    }
    let hasLetter = false;
    const outcome = await this.#known.take(envelope.id, bridge, async () => {
      const report = await bus.ingestAsync(definition, checked, envelope);
      hasLetter = report === false;
      return report === false || isTaken(report);
    });
    if (hasLetter) return { outcome: 'invalid', error: notAsItsSchema(definition) };
    return outcome === 'refused' ? { outcome: 'busy', error: busy(definition) } : { outcome };
  }
}

/** What is said of an event that is too large. */
export function tooLarge(maxEventBytes: number, got: string = 'more of them'): InvalidMessageError {
  return new InvalidMessageError(`an event of at most ${maxEventBytes} bytes (maxEventBytes)`, got);
}

/** A handler that was full, and was asked to say so, has not taken it; if nobody has, it may come again. */
function isTaken(report: PublishReport): boolean {
  if (report.stage === 'confirmed') return true;
  return report.handlers.length === 0 || report.handlers.some(({ outcome }) => outcome !== 'rejected');
}

function refusalOf(error: unknown): 'invalid' | 'not-allowed' {
  return error instanceof MillraceError && error.code === 'NOT_ALLOWED' ? 'not-allowed' : 'invalid';
}

/** Its issues are in the letter. */
function notAsItsSchema({ type }: EventDefinition): SchemaError {
  return new SchemaError(type, [{ message: 'see its dead letter', path: [] }]);
}

function forbidden(type: string): BridgeError {
  return new BridgeError(
    'BRIDGE_REFUSED',
    `Expected an event that its sender may send, got '${type}', which authorize has refused. Sign in as somebody who may.`,
  );
}

function busy({ type }: EventDefinition): BridgeError {
  return new BridgeError(
    'BRIDGE_REFUSED',
    `Expected room for event '${type}', got handlers that are full. Send it again later.`,
  );
}
