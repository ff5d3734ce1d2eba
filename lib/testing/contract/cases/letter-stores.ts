import type { BrokerLetterStore } from '../../../broker/broker-letter-store.ts';
import type { BrokerMessage } from '../../../broker/broker-message.ts';
import { ClosedError, InvalidOptionError } from '../../../core/errors.ts';
import type { CaseDefinition } from '../case-definition.ts';
import {
  expectAcknowledged,
  expectEqual,
  expectOnly,
  expectRejection,
  expectSameMessage,
  expectThrown,
} from '../judge.ts';
import type { Trial } from '../trial.ts';

const NEEDS = { letterStores: true } as const;

export const letterStoreCases: readonly CaseDefinition[] = [
  { name: 'keeps letters with all that is in them, the oldest first', needs: NEEDS, run: keepsEveryField },
  { name: 'keeps a letter of a megabyte', needs: NEEDS, run: keepsLargeLetters },
  { name: 'has the letters of a name for all its clients, and none of another name', needs: NEEDS, run: sharesByName },
  { name: 'lists no letter that was removed, and takes the id of none', needs: NEEDS, run: removes },
  { name: 'replaces a letter by one with the same id', needs: NEEDS, run: replaces },
  { name: 'has its letters still when their client has closed', needs: NEEDS, run: outlivesClients },
  { name: 'delivers a letter that it keeps to nobody', needs: NEEDS, run: deliversNoLetters },
  { name: 'refuses letters that cannot be sent, and names that cannot be', needs: NEEDS, run: refusesMalformedLetters },
  { name: 'refuses letters once it is closed', needs: NEEDS, run: refusesLettersOnceClosed },
];

async function keepsEveryField(trial: Trial): Promise<void> {
  const store = await openStore(trial);
  const headers = { 'Mixed-Case': 'kept', empty: '', text: 'Größe, 大きさ, 🌊: "50 %" = a+b' };
  const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const bodies = [everyByte, new Uint8Array()];
  const letters = trial.messages(trial.count(100), { headers, keys: 7, bodies, time: 1_700_000_000_123 });
  await addAll(trial, store, letters);
  const listed = await expectLetters(trial, store, letters);
  for (const [index, { id, time }] of letters.entries()) {
    expectEqual(`the time of letter '${id}'`, listed[index]?.time, time);
  }
}

async function keepsLargeLetters(trial: Trial): Promise<void> {
  const store = await openStore(trial);
  const body = Uint8Array.from({ length: 1_000_000 }, (_, index) => index % 251);
  const letters = trial.messages(1, { bodies: [body] });
  await addAll(trial, store, letters);
  await expectLetters(trial, store, letters);
}

async function sharesByName(trial: Trial): Promise<void> {
  const [one, other] = [await openStore(trial), await openStore(trial)];
  const [first, second] = trial.messages(2);
  await addAll(trial, one, [first!]);
  await addAll(trial, other, [second!]);
  await expectLetters(trial, one, [first!, second!]);
  await expectLetters(trial, other, [first!, second!]);
  await expectLetters(trial, await openStore(trial, 'elsewhere'), []);
}

async function removes(trial: Trial): Promise<void> {
  const [one, other] = [await openStore(trial), await openStore(trial)];
  const [first, second, third] = trial.messages(3);
  await addAll(trial, one, [first!, second!, third!]);
  // The other has listed it before.
  await expectLetters(trial, other, [first!, second!, third!]);
  await trial.within(one.remove(second!.id), 'remove() to resolve');
  await expectLetters(trial, other, [first!, third!]);
  for (const id of [second!.id, `${second!.id}-unknown`]) {
    await trial.within(other.remove(id), 'remove() of what is not there to resolve');
  }
  await expectLetters(trial, one, [first!, third!]);
  // Its id is free again.
  await addAll(trial, other, [second!]);
  await expectLetters(trial, one, [first!, third!, second!]);
}

async function replaces(trial: Trial): Promise<void> {
  const [one, other] = [await openStore(trial), await openStore(trial)];
  const [letter] = trial.messages(1);
  const newer = { ...letter!, headers: { redriven: '1' }, body: Uint8Array.from([1, 2, 3]) };
  await addAll(trial, one, [letter!]);
  await addAll(trial, other, [newer]);
  await expectLetters(trial, one, [newer]);
  await trial.within(one.remove(letter!.id), 'remove() to resolve');
  await expectLetters(trial, other, []);
}

async function outlivesClients(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const letters = trial.messages(3);
  await addAll(trial, broker.letterStore(trial.group('letters')), letters);
  await trial.closeBroker(broker);
  await expectLetters(trial, await openStore(trial), letters);
}

async function deliversNoLetters(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const consumer = await trial.consume(broker);
  const [letter, message] = trial.messages(2);
  const store = broker.letterStore(trial.group('letters'));
  await addAll(trial, store, [letter!]);
  await trial.publish(broker, [message!]);
  await expectAcknowledged(trial, consumer, [message!]);
  await trial.quiet();
  expectOnly(consumer, [message!]);
  await expectLetters(trial, store, [letter!]);
}

async function refusesMalformedLetters(trial: Trial): Promise<void> {
  const broker = await trial.open();
  for (const name of ['', 'two words', 'a.b']) {
    await expectThrown(trial, () => broker.letterStore(name), `letterStore('${name}')`, InvalidOptionError);
  }
  const store = broker.letterStore(trial.group('letters'));
  const [letter] = trial.messages(1);
  for (const malformed of [{ topic: 'two words' }, { id: '' }]) {
    const adding = store.add({ ...letter!, ...malformed });
    await expectRejection(trial, adding, `add() with ${JSON.stringify(malformed)}`, InvalidOptionError);
  }
  await expectLetters(trial, store, []);
}

async function refusesLettersOnceClosed(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const name = trial.group('letters');
  const store = broker.letterStore(name);
  const [letter] = trial.messages(1);
  await addAll(trial, store, [letter!]);
  await trial.closeBroker(broker);
  await expectThrown(trial, () => broker.letterStore(name), 'letterStore() after close()', ClosedError);
  await expectRejection(trial, store.add(letter!), 'add() after close()', ClosedError);
  await expectRejection(trial, store.remove(letter!.id), 'remove() after close()', ClosedError);
  await expectRejection(trial, store.list(), 'list() after close()', ClosedError);
}

/** A store of another client. */
async function openStore(trial: Trial, name = 'letters'): Promise<BrokerLetterStore> {
  const broker = await trial.open();
  return broker.letterStore(trial.group(name));
}

/** Adds letters one after the other. */
export async function addAll(trial: Trial, store: BrokerLetterStore, letters: readonly BrokerMessage[]): Promise<void> {
  for (const letter of letters) await trial.within(store.add(letter), 'a letter to be kept');
}

/** Judges that a store has these letters, in this order. */
export async function expectLetters(
  trial: Trial,
  store: BrokerLetterStore,
  letters: readonly BrokerMessage[],
): Promise<readonly BrokerMessage[]> {
  const ids = (of: readonly BrokerMessage[]): string => of.map(({ id }) => id).join();
  const listed = await trial.within(store.list(), 'letters to be listed');
  expectEqual('the ids of the letters', ids(listed), ids(letters));
  for (const [index, letter] of letters.entries()) expectSameMessage(listed[index]!, letter);
  return listed;
}
