import { expectRefusal, expectSame } from '../judge.ts';
import type { StoreCase } from '../store-contract-case.ts';
import type { StoreTrial } from '../store-trial.ts';

export const lockCases: readonly StoreCase[] = [
  { name: 'gives a lock to one holder at a time, if it has locks', run: givesLocksToOne },
  { name: 'gives up the locks of a store that closes, if it has locks', needsMany: true, run: givesLocksUp },
];

async function givesLocksToOne(trial: StoreTrial): Promise<void> {
  const [first, second] = [await trial.open(), await trial.open()];
  if (first.lock === undefined || second.lock === undefined) return;
  const name = trial.name('lock');
  const release = await trial.within(first.lock(name), 'a lock that nobody has to be given');
  const releaseOther = await trial.within(second.lock(trial.name('other')), 'a lock of another name to be given');
  releaseOther();
  const given: string[] = [];
  const waiting = trial.within(
    second.lock(name).then((releaseNext) => {
      given.push('second');
      return releaseNext;
    }),
    'a lock that was given up to be given to the next',
  );
  const controller = new AbortController();
  const reason = new Error('enough');
  const impatient = second.lock(name, controller.signal).then(
    () => 'a lock',
    (error: unknown) => error,
  );
  await trial.quiet();
  expectSame('who was given a lock that is held', given, []);
  controller.abort(reason);
  const answer = await trial.within(impatient, 'a wait for a lock to end with its signal');
  expectSame('what an aborted wait for a lock ends with', answer, reason);
  release();
  release();
  const releaseNext = await waiting;
  releaseNext();
}

async function givesLocksUp(trial: StoreTrial): Promise<void> {
  const [first, second, third] = [await trial.open(), await trial.open(), await trial.open()];
  if (first.lock === undefined || second.lock === undefined || third.lock === undefined) return;
  const name = trial.name('lock');
  await trial.within(first.lock(name), 'a lock that nobody has to be given');
  const refused = trial.within(second.lock(name), 'the wait of a closed store for a lock to end');
  const waiting = trial.within(third.lock(name), 'the lock of a closed store to be given to the next');
  await trial.within(second.close(), 'close() to resolve while a lock is waited for');
  await expectRefusal('a lock that a closed store waits for', 'CLOSED', () => refused);
  await trial.within(first.close(), 'close() to resolve while a lock is held');
  const release = await waiting;
  release();
}
