import type { EventStore, NewEvent, RecordedEvent } from 'millrace';
import { Account, type AccountState } from '../account/account.ts';
import type { Balances } from '../account/balances.ts';
import { type Sum, sumUp, type Summary } from '../shared/sums.ts';
import { counted, table } from '../shared/text.ts';
import type { Killer } from './killer.ts';
import type { Ledger } from './ledger.ts';
import { eventsOf, LANES, streamOf } from './plan.ts';

/** What is left when nobody is killed any more. */
export interface Remains {
  readonly store: EventStore;
  /** The read model. */
  readonly balances: Balances;
  readonly ledger: Ledger;
  /** What the projection has said to have taken, all its lives together. */
  readonly taken: { readonly events: number; readonly repeated: number };
  readonly killer: Killer;
  readonly seed: number;
}

/** Holds what the parent has noted against what is in the store, and the read model against a fold of the store. */
export async function summarize(remains: Remains): Promise<Summary> {
  const { store, ledger, taken, killer } = remains;
  const events: RecordedEvent[] = [];
  for await (const event of store.readAll()) events.push(event);
  const { atOnce, againAsWritten, againAsNew } = ledger.answered;
  const sums: readonly Sum[] = [
    { of: 'kills', whole: killer.kills, parts: killer.hits },
    {
      of: 'appends',
      whole: ledger.sent,
      parts: { 'answered at once': atOnce, 'answered when sent again': againAsWritten + againAsNew },
    },
    {
      of: 'acknowledgements',
      whole: ledger.acknowledgements,
      parts: { 'of what was sent': ledger.acknowledgements - ledger.wrong },
    },
    ...sumsOfEvents(events, remains),
    ...sumsOfBalances(events, remains),
  ];
  const { lines, holds } = sumUp([], sums);
  const last = [
    `${counted(againAsWritten + againAsNew, 'append')} had no answer when the writer was killed. ${againAsWritten} of them were written all the same: sent again, they were known by`,
    `the ids of their events, and not written twice. The other ${againAsNew} were written when they were sent again.`,
    `The projection was given ${counted(taken.repeated, 'event')} a second time, as a crash had come before its checkpoint: known by their versions, they count once.`,
  ];
  return { lines: [...linesOfVictims(killer), ...lines, ...last], holds };
}

function sumsOfEvents(events: readonly RecordedEvent[], { ledger, seed }: Remains): readonly Sum[] {
  const found = new Map(events.map((event) => [event.id, event]));
  const kept = [...ledger.events].filter(([id, { stream, version }]) => {
    const event = found.get(id);
    return event?.stream === stream && event.version === version;
  });
  return [
    {
      of: 'events acknowledged',
      whole: ledger.events.size,
      parts: { 'in the store, at the version that was said': kept.length },
    },
    { of: 'events in the store', whole: events.length, parts: { acknowledged: ledger.events.size } },
    { of: 'of them none twice', whole: events.length, parts: { 'ids of their own': found.size } },
    {
      of: 'of them without a gap',
      whole: events.length,
      parts: { 'one version behind the last of the stream': inOrder(events) },
    },
    {
      of: 'of them as they were sent',
      whole: events.length,
      parts: { 'what the lane had to write there': asPlanned(events, seed) },
    },
  ];
}

/** The read model has seen each event once if its balances are those of a fold, and its versions those of the streams. */
function sumsOfBalances(events: readonly RecordedEvent[], { balances }: Remains): readonly Sum[] {
  const states = new Map<string, AccountState>();
  for (const event of events) {
    states.set(event.stream, Account.evolve(states.get(event.stream) ?? Account.initial(), event));
  }
  const equal = [...states].filter(([stream, { balance }]) => balances.get(stream)?.balance === balance);
  return [
    {
      of: 'events in the read model',
      whole: [...balances.values()].reduce((sum, { version }) => sum + version, 0),
      parts: { 'in the store': events.length },
    },
    { of: 'balances in the read model', whole: balances.size, parts: { 'equal to a fold of the store': equal.length } },
  ];
}

function inOrder(events: readonly RecordedEvent[]): number {
  const versions = new Map<string, number>();
  let count = 0;
  for (const { stream, version } of events) {
    if (version === (versions.get(stream) ?? 0) + 1) count++;
    versions.set(stream, version);
  }
  return count;
}

/** How many events stand where the plan has them, with the id and the data that it gives them. */
function asPlanned(events: readonly RecordedEvent[], seed: number): number {
  let count = 0;
  for (let lane = 0; lane < LANES; lane++) {
    const own = events.filter(({ stream }) => stream === streamOf(lane));
    const planned: NewEvent[] = [];
    for (let number = 1; planned.length < own.length; number++) planned.push(...eventsOf(seed, lane, number));
    count += own.filter(({ id, data }, at) => isSame(planned[at]!, { id, data })).length;
  }
  return count;
}

function isSame(planned: NewEvent, { id, data }: Pick<NewEvent, 'data' | 'id'>): boolean {
  return planned.id === id && JSON.stringify(planned.data) === JSON.stringify(data);
}

function linesOfVictims({ victims: { writer, projection } }: Killer): readonly string[] {
  const rows = [writer, projection].map(({ name, starts, kills }) => [name, starts, kills.opening, kills.ready]);
  return ['', ...table(['', 'started', 'killed while opening', 'killed at work'], rows)];
}
