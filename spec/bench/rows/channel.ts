import type { RunJob } from '../contestants/pool/job.ts';
import { speedAtLeast } from '../harness/floor.ts';
import { poolEntrant } from '../harness/pool-entrant.ts';
import { type Contestant, NS_PER_EVENT, type Row } from '../harness/row.ts';

/** `await send` and `process`, where the processor's row has trySend first. */
export const channelRow: Row = {
  name: 'channel',
  title: '1 M events through a channel: await send + process, concurrency 16, capacity 1024, retry configured',
  metrics: [NS_PER_EVENT],
  reference: 'hand-written loop',
  contestants: [
    contestant('hand-written loop', async () => (await import('../contestants/pool/hand-written-send.ts')).runJob),
    contestant('millrace', async () => (await import('../contestants/pool/millrace-channel.ts')).runJob),
    contestant(
      'hand-written loop, trying first',
      async () => (await import('../contestants/pool/hand-written.ts')).runJob,
      'awaits only where there is no room',
    ),
    contestant(
      'millrace, trying first',
      async () => (await import('../contestants/pool/millrace-channel.ts')).runJobTrying,
      'awaits only where there is no room',
    ),
  ],
  floors: [speedAtLeast(['hand-written loop'], 0.5)],
};

function contestant(name: string, load: () => Promise<RunJob>, note?: string): Contestant {
  return { name, events: 1_000_000, note, load: async () => poolEntrant(await load(), {}) };
}
