import { type DocumentStore, LeaseLostError, memoryEventStore } from 'millrace';
import { explore, virtualTest } from 'millrace/testing';
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Lease, leased, type LeaseOptions } from '../../lib/sourcing/lease.ts';
import { Barrier, interceptedStore } from '../support/intercepted-store.ts';

const never = new AbortController().signal;
const options = (documents: DocumentStore, more: Partial<LeaseOptions> = {}): LeaseOptions => ({
  documents,
  kind: 'k',
  key: 'it',
  leaseMs: 1_000,
  scheduler: asyncScheduler,
  ...more,
});
const take = (documents: DocumentStore, more?: Partial<LeaseOptions>, signal: AbortSignal = never) =>
  Lease.take<number>(options(documents, more), signal);
const valueIn = async (documents: DocumentStore) => leased<number>(await documents.get('k', 'it')).value;

/** A process of its own in front of the same documents. */
function newProcess(documents: DocumentStore): { barrier: Barrier; documents: DocumentStore } {
  const barrier = new Barrier();
  const store = interceptedStore(Object.assign(memoryEventStore(), { documents }), barrier.pass);
  return { barrier, documents: store.documents };
}

describe('an owner', () => {
  it(
    'has it at once if nobody has, and goes on with what was written',
    virtualTest(async () => {
      const { documents } = memoryEventStore();
      const first = await take(documents);
      expect(first.value).toBeUndefined();
      await first.save(1);
      expect([first.value, await valueIn(documents)]).toStrictEqual([1, 1]);
      await first.release();
      const second = await take(documents);
      expect(second.value).toBe(1);
      await second.release();
    }),
  );

  it(
    'keeps it as long as it lives, however long it has nothing to write',
    virtualTest(async ({ time }) => {
      const { documents } = memoryEventStore();
      const owner = await take(documents);
      await owner.save(1);
      const closing = new AbortController();
      const other = take(documents, {}, closing.signal);
      other.catch(() => undefined);
      await time.advance(60_000);
      await owner.save(2);
      closing.abort(new Error('enough'));
      await expect(other).rejects.toThrow('enough');
      await owner.release();
    }),
  );

  it(
    'writes in the order in which it was asked to, one at a time',
    virtualTest(async () => {
      const { documents } = memoryEventStore();
      const owner = await take(documents);
      await Promise.all([1, 2, 3].map((value) => owner.save(value)));
      expect(await valueIn(documents)).toBe(3);
      await owner.release();
      expect(await valueIn(documents)).toBe(3);
    }),
  );

  it(
    'renews what is written, not what could not be; and one renewal that is slow does for all',
    virtualTest(async ({ time }) => {
      const { documents: inner } = memoryEventStore();
      const barrier = new Barrier();
      let puts = 0;
      let isBroken = false;
      const store = interceptedStore(Object.assign(memoryEventStore(), { documents: inner }), async (call) => {
        if (call !== 'put') return;
        puts++;
        await barrier.pass();
        if (isBroken) throw new Error('away');
      });
      const owner = await take(store.documents, { leaseMs: 300 });
      await owner.save(1);
      isBroken = true;
      await expect(owner.save(2)).rejects.toThrow('away');
      await time.advance(150);
      isBroken = false;
      await time.advance(200);
      expect([await valueIn(inner), owner.value]).toStrictEqual([1, 1]);
      puts = 0;
      barrier.shut();
      await time.advance(150);
      barrier.open();
      await owner.release();
      expect(puts).toBe(2);
    }),
  );
});

describe('an owner whose write was not answered', () => {
  const lossy = (documents: DocumentStore, isLost: () => boolean): DocumentStore => ({
    ...documents,
    put: async (...call) => {
      const isPut = await documents.put(...call);
      if (isLost()) throw new Error('connection lost');
      return isPut;
    },
  });

  it(
    'knows its own hand, and still has the lease',
    virtualTest(async () => {
      const { documents } = memoryEventStore();
      let isLost = false;
      const owner = await take(lossy(documents, () => isLost));
      isLost = true;
      await expect(owner.save(1)).rejects.toThrow('connection lost');
      expect([owner.value, await valueIn(documents)]).toStrictEqual([undefined, 1]);
      isLost = false;
      await owner.save(2);
      expect(await valueIn(documents)).toBe(2);
      await owner.release();
    }),
  );

  it(
    'has lost it all the same if another one has it by then',
    virtualTest(async () => {
      const { documents } = memoryEventStore();
      const barrier = new Barrier();
      let isLost = false;
      const store = interceptedStore(Object.assign(memoryEventStore(), { documents }), barrier.pass);
      const owner = await take(lossy(store.documents, () => isLost));
      isLost = true;
      await expect(owner.save(1)).rejects.toThrow('connection lost');
      isLost = false;
      barrier.shut();
      const other = await take(documents);
      barrier.open();
      await expect(owner.save(2)).rejects.toThrow(LeaseLostError);
      expect([other.value, await valueIn(documents)]).toStrictEqual([1, 1]);
      await other.release();
    }),
  );
});

describe('whoever waits', () => {
  it(
    'has it within a poll when its owner gives it up',
    virtualTest(async ({ time }) => {
      const { documents } = memoryEventStore();
      const owner = await take(documents);
      const other = take(documents);
      await time.advance(2_100);
      await owner.release();
      const before = time.now;
      const lease = await other;
      expect(time.now - before).toBeLessThanOrEqual(250);
      await lease.release();
    }),
  );

  it(
    'has it when its owner was silent for as long as it said that it never would be, and a poll',
    virtualTest(async ({ time }) => {
      const { documents } = memoryEventStore();
      const dead = newProcess(documents);
      const owner = await take(dead.documents, { leaseMs: 4_000 });
      dead.barrier.shut();
      const lease = await take(documents, { leaseMs: 400 });
      expect(time.now).toBeGreaterThanOrEqual(4_000);
      expect(time.now).toBeLessThanOrEqual(4_100);
      await lease.release();
      dead.barrier.open();
      await expect(owner.release()).rejects.toThrow(LeaseLostError);
    }),
  );

  it(
    'has it at once with a lock of the store, and keeps it from others who ask for the lock',
    virtualTest(async ({ time }) => {
      const { documents } = memoryEventStore();
      const dead = newProcess(documents);
      const asked: string[] = [];
      let unlocked = 0;
      const lock = async (name: string) => {
        asked.push(name);
        return () => void unlocked++;
      };
      const owner = await take(dead.documents);
      dead.barrier.shut();
      const lease = await take(documents, { lock });
      expect([time.now, asked, unlocked]).toStrictEqual([0, ['k:it'], 0]);
      await lease.release();
      expect(unlocked).toBe(1);
      dead.barrier.open();
      await expect(owner.release()).rejects.toThrow(LeaseLostError);
    }),
  );

  it(
    'gives the lock back if the document cannot be had',
    virtualTest(async () => {
      let unlocked = 0;
      const lock = async () => () => void unlocked++;
      const store = memoryEventStore();
      await store.close();
      await expect(take(store.documents, { lock })).rejects.toMatchObject({ code: 'CLOSED' });
      expect(unlocked).toBe(1);
    }),
  );

  it(
    'does not mind what clocks say: of others, or its own when it is set',
    virtualTest(async ({ time }) => {
      const { documents } = memoryEventStore();
      const jumps = [0, 3_600_000, -7_200_000, 86_400_000];
      let reading = 0;
      const clockless: SchedulerLike = {
        now: () => asyncScheduler.now() + jumps[reading++ % jumps.length]!,
        schedule: (...call: Parameters<SchedulerLike['schedule']>) => asyncScheduler.schedule(...call),
      };
      const dead = newProcess(documents);
      const owner = await take(dead.documents);
      await time.advance(3_000);
      dead.barrier.shut();
      const before = time.now;
      const lease = await take(documents, { scheduler: clockless });
      expect(time.now - before).toBe(1_000);
      await lease.release();
      dead.barrier.open();
      await expect(owner.save(9)).rejects.toThrow(LeaseLostError);
    }),
  );
});

describe('an owner that was away for too long', () => {
  it(
    'cannot write any more, is told once, and leaves no timer',
    virtualTest(async ({ time }) => {
      const { documents } = memoryEventStore();
      const frozen = newProcess(documents);
      const lost: unknown[] = [];
      const owner = await take(frozen.documents, { onLost: (error) => lost.push(error) });
      await owner.save(1);
      frozen.barrier.shut();
      const writing = owner.save(2);
      writing.catch(() => undefined);
      const lease = await take(documents);
      await lease.save(3);
      frozen.barrier.open();
      await expect(writing).rejects.toThrow(LeaseLostError);
      await expect(owner.save(4)).rejects.toThrow("Expected to be the one that runs 'it', got a checkpoint of another");
      await time.advance(5_000);
      expect(lost).toStrictEqual([owner.lost]);
      expect([owner.value, await valueIn(documents)]).toStrictEqual([1, 3]);
      await lease.release();
    }),
  );

  it(
    'gives back its lock',
    virtualTest(async () => {
      const { documents } = memoryEventStore();
      let unlocked = 0;
      const owner = await take(documents, { lock: async () => () => void unlocked++ });
      await documents.put('k', 'it', '{"leaseMs":1}');
      await expect(owner.release()).rejects.toThrow(LeaseLostError);
      expect(unlocked).toBe(1);
    }),
  );
});

it('never lets a write of one owner succeed behind the first one of a later owner', async () => {
  await explore(
    async ({ schedule, time }) => {
      const { documents } = memoryEventStore();
      /** The owners, by the order of the writes that succeeded. */
      const written: number[] = [];
      const running = Array.from({ length: 3 }, async (_, owner) => {
        const { barrier, documents: own } = newProcess(documents);
        const lease = await take(own, { leaseMs: 100 });
        for (let turn = 0; turn < 4 && lease.lost === undefined; turn++) {
          if (schedule.chance(0.4)) barrier.shut();
          const write = lease.save(owner).then(
            () => written.push(owner),
            () => undefined,
          );
          await time.advance(schedule.upTo(400));
          barrier.open();
          await write;
        }
        await lease.release().catch(() => undefined);
      });
      await Promise.all(running);
      const runs = written.filter((owner, index) => owner !== written[index - 1]);
      if (new Set(runs).size !== runs.length) throw new Error(`Two owners at a time: ${written.join(' ')}`);
    },
    { runs: 200 },
  );
});
