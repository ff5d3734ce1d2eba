import type { EventDefinition } from '../core/event-definition.ts';
import { InvalidOptionError, MillraceError } from '../core/errors.ts';
import { expectCount, expectFunction, expectName, expectOptions, show } from '../core/options.ts';
import { isPromiseLike } from '../core/schema.ts';
import type { Aggregate, AggregateOptions, NewEventOf } from './aggregate.ts';
import { expectKey, expectStream } from './check-arguments.ts';
import { deepFrozen } from './deep-frozen.ts';
import { type Definitions, definitionsOf, typedForm } from './definitions.ts';
import { History, isRecorded } from './history.ts';
import type { NewEvent } from './new-event.ts';

/** The same with the definitions of the events, whose schemas check what a store gives back. */
export type DefinedAggregateOptions<State, Command, Definition extends EventDefinition, Decided> = Omit<
  AggregateOptions<State, Command, NewEventOf<Definition>>,
  'decide'
> & {
  /** All events that it decides and knows. */
  readonly events: readonly Definition[];
  /** What a command leads to. */
  readonly decide: (command: Command, state: State) => Decided;
};

/**
 * Defines an aggregate by pure functions; state, command and events are inferred. With `events`, `decide` and `evolve` are typed by the definitions.
 *
 * The decider of J. Chassaing, "Functional Event Sourcing Decider" (2021).
 *
 * @throws InvalidOptionError for a definition that cannot work
 *
 * @example
 * ```ts
 * import { defineAggregate, defineEvent, payload } from 'millrace';
 *
 * const Deposited = defineEvent('account.deposited', payload<{ amount: number }>());
 * const Withdrawn = defineEvent('account.withdrawn', payload<{ amount: number }>());
 * type Command = { type: 'deposit' | 'withdraw'; amount: number };
 *
 * const Account = defineAggregate({
 *   name: 'account',
 *   events: [Deposited, Withdrawn],
 *   initial: { balance: 0 },
 *   decide: ({ type, amount }: Command, { balance }) => {
 *     if (type === 'deposit') return { type: 'account.deposited', data: { amount } };
 *     if (amount > balance) throw new Error(`insufficient funds: ${balance}`);
 *     return { type: 'account.withdrawn', data: { amount } };
 *   },
 *   evolve: ({ balance }, { type, data }) => ({
 *     balance: type === 'account.deposited' ? balance + data.amount : balance - data.amount,
 *   }),
 * });
 * console.log(Account.fold([{ type: 'account.deposited', data: { amount: 40 } }])); // { balance: 40 }
 * ```
 */
export function defineAggregate<
  State,
  Command,
  Definition extends EventDefinition,
  // A type of its own, so that the types of events in it stay literal.
  const Decided extends NewEventOf<Definition> | readonly NewEventOf<Definition>[],
>(
  options: DefinedAggregateOptions<State, Command, Definition, Decided>,
): Aggregate<State, Command, NewEventOf<Definition>>;
/** The same without definitions: the events are those that `decide` returns. */
export function defineAggregate<State, Command, const Event extends NewEvent>(
  options: AggregateOptions<State, Command, Event> & { readonly events?: undefined },
): Aggregate<State, Command, Event>;
export function defineAggregate<State, Command, Event extends NewEvent>(
  options: AggregateOptions<State, Command, Event> & { readonly events?: readonly EventDefinition[] | undefined },
): Aggregate<State, Command, Event> {
  if (options === undefined) throw new InvalidOptionError('Expected the options of an aggregate, got undefined.');
  return Object.freeze(new DefinedAggregate(expectOptions('options', options)));
}

class DefinedAggregate<State, Command, Event extends NewEvent> implements Aggregate<State, Command, Event> {
  readonly name: string;
  readonly stateVersion: number;
  readonly events: readonly EventDefinition[] | undefined;
  readonly #definitions: Definitions | undefined;
  readonly #initial: State | (() => State);
  readonly #decide: AggregateOptions<State, Command, Event>['decide'];
  readonly #evolve: AggregateOptions<State, Command, Event>['evolve'];

  constructor({
    name,
    events,
    initial,
    decide,
    evolve,
    stateVersion = 1,
  }: AggregateOptions<State, Command, Event> & { readonly events?: readonly EventDefinition[] | undefined }) {
    this.name = expectAggregateName(name);
    this.stateVersion = expectCount('stateVersion', stateVersion, 1);
    this.#definitions = events === undefined ? undefined : definitionsOf(events);
    this.events = this.#definitions && Object.freeze([...this.#definitions.values()]);
    this.#initial = typeof initial === 'function' ? initial : deepFrozen('initial', initial);
    this.#decide = expectFunction('decide', decide, true);
    this.#evolve = expectFunction('evolve', evolve, true);
  }

  initial(): State {
    return typeof this.#initial === 'function' ? (this.#initial as () => State)() : this.#initial;
  }

  decide(command: Command, state: State): readonly Event[] {
    const decided: unknown = this.#decide(command, state);
    if (isPromiseLike(decided)) throw this.#impure('decide', decided);
    const events = [decided].flat() as readonly Event[];
    for (const event of events) this.#expectKnown(event, 'decide to return [] or');
    return events;
  }

  evolve(state: State, event: NewEvent): State {
    const known = this.#checked(event);
    const next = this.#evolve(state, known as Event);
    if (isPromiseLike(next)) throw this.#impure('evolve', next);
    if (next !== undefined || state === undefined) return next;
    throw new InvalidOptionError(
      `Expected evolve of aggregate '${this.name}' to return the state after ${show(event.type)}, got undefined. Return the state, changed or not, for every event.`,
    );
  }

  fold(history: Iterable<NewEvent>): State;
  fold(history: AsyncIterable<NewEvent>): Promise<State>;
  fold(history: AsyncIterable<NewEvent> | Iterable<NewEvent>): Promise<State> | State {
    const folding = new History(this, this.initial(), 0);
    expectHistory(history);
    if (!(Symbol.asyncIterator in history)) {
      for (const event of history) folding.add(event);
      return folding.state;
    }
    return (async () => {
      for await (const event of history) folding.add(event);
      return folding.state;
    })();
  }

  stream(id: string): string {
    return expectStream(`${this.name}-${expectName('id', id)}`);
  }

  /** A recorded event comes from outside, so its data is checked; what was decided here is not. */
  #checked(event: NewEvent): NewEvent {
    const definition = this.#expectKnown(event, 'evolve to be given');
    return isRecorded(event) ? typedForm(definition, event) : event;
  }

  #expectKnown(event: NewEvent, who: string): EventDefinition | undefined {
    const { type } = (event ?? {}) as Partial<NewEvent>;
    if (typeof type !== 'string') {
      throw new InvalidOptionError(
        `Expected ${who} events of aggregate '${this.name}', such as { type: 'account.deposited', data: { amount: 40 } }, got ${show(event)}.`,
      );
    }
    const definition = this.#definitions?.get(type);
    if (definition !== undefined || this.#definitions === undefined) return definition;
    throw new MillraceError(
      'UNKNOWN_EVENT',
      `Expected an event of aggregate '${this.name}' ('${[...this.#definitions.keys()].join("', '")}'), got '${type}'. Add its definition to events.`,
    );
  }

  #impure(which: 'decide' | 'evolve', promise: PromiseLike<unknown>): InvalidOptionError {
    // Whatever comes of it, nobody waits for it.
    promise.then(undefined, () => undefined);
    return new InvalidOptionError(
      `Expected ${which} of aggregate '${this.name}' to answer at once, got a promise. Look up what it needs before, and hand it over in the command.`,
    );
  }
}

function expectAggregateName(name: string): string {
  if (!expectKey('name', name).includes('-')) return name;
  throw new InvalidOptionError(
    `Expected name to be without '-', as it ends where the first '-' of a stream is, got ${show(name)}. Write '${name.replaceAll('-', '_')}'.`,
  );
}

function expectHistory(history: object): void {
  if (typeof history === 'object' && history !== null) {
    if (Symbol.iterator in history || Symbol.asyncIterator in history) return;
  }
  throw new InvalidOptionError(
    `Expected a history to be a list of events, or what readStream() gives, got ${show(history)}.`,
  );
}
