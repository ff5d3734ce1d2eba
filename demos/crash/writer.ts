import { setImmediate as yieldOnce } from 'node:timers/promises';
import type { EventStore } from 'millrace';
import { sqliteEventStore } from 'millrace/sqlite';
import { type ParentLink, runChild } from '../shared/in-child.ts';
import type { StageReport } from '../shared/victim.ts';
import { eventsOf, streamOf } from './plan.ts';
import type { AppendReport, LaneState } from './reports.ts';

const [path = '', seed, lanes = ''] = process.argv.slice(2);

/** Appends as fast as it can, and says so; in each lane it begins with what has had no answer in an earlier life, if there was one. */
await runChild(async (parent) => {
  parent.report({ kind: 'opening' } satisfies StageReport);
  await using store = await sqliteEventStore({ path });
  parent.report({ kind: 'ready' } satisfies StageReport);
  const states = JSON.parse(lanes) as readonly LaneState[];
  await Promise.all(states.map(async (state, lane) => write(store, lane, state, parent)));
});

async function write(store: EventStore, lane: number, state: LaneState, { report, told }: ParentLink): Promise<void> {
  const stop = told('stop');
  let expectedVersion = state.version;
  for (let number = state.next; !stop.aborted; number++) {
    report({ kind: 'sent', lane, number } satisfies AppendReport);
    // If it was written before, its ids say so: it is neither a conflict nor written twice.
    const answer = await store.append(streamOf(lane), eventsOf(Number(seed), lane, number), { expectedVersion });
    const { version, isRepeated } = answer;
    report({ kind: 'acknowledged', lane, number, version, isRepeated } satisfies AppendReport);
    expectedVersion = version;
    // So that it hears its parent.
    await yieldOnce();
  }
}
