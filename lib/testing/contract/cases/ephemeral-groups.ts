import type { CaseDefinition } from '../case-definition.ts';
import { expectAcknowledged, expectDelivered, expectOnly } from '../judge.ts';
import type { Trial } from '../trial.ts';

export const ephemeralGroupCases: readonly CaseDefinition[] = [
  {
    name: 'gives an ephemeral group what comes while it is open, and begins it afresh the next time',
    needs: {},
    run: beginsAfresh,
  },
  { name: 'gives each of two ephemeral groups all messages', needs: { groups: true }, run: givesEachAll },
  {
    name: 'keeps an ephemeral group until its last subscription closes',
    needs: { groups: true },
    run: endsWithItsLast,
  },
];

async function beginsAfresh(trial: Trial): Promise<void> {
  const broker = await trial.open();
  const part = (name: string) => trial.messages(trial.count(20), { name });
  const [before, during, between, after] = [part('before'), part('during'), part('between'), part('after')];
  const left = during.at(-1)!;
  await trial.publish(broker, before);
  const first = await trial.consume(broker, { isEphemeral: true }, (received) =>
    received.id === left.id ? undefined : received.ack(),
  );
  await trial.publish(broker, during);
  await expectDelivered(trial, first, during);
  await trial.quiet();
  expectOnly(first, during);
  // Neither what is unsettled nor what comes now is kept for it.
  await first.close();
  await trial.publish(broker, between);
  const second = await trial.consume(broker, { isEphemeral: true });
  await trial.publish(broker, after);
  await expectAcknowledged(trial, second, after);
  await trial.quiet();
  expectOnly(second, after);
}

async function givesEachAll(trial: Trial): Promise<void> {
  const [here, there] = [await trial.open(), await trial.open()];
  const one = await trial.consume(here, { group: trial.group('one'), isEphemeral: true });
  const other = await trial.consume(there, { group: trial.group('other'), isEphemeral: true });
  const messages = trial.messages(trial.count(100));
  await trial.publish(here, messages);
  await expectAcknowledged(trial, one, messages);
  await expectAcknowledged(trial, other, messages);
}

async function endsWithItsLast(trial: Trial): Promise<void> {
  const [here, there] = [await trial.open(), await trial.open()];
  const leaving = await trial.consume(here, { isEphemeral: true });
  const staying = await trial.consume(there, { isEphemeral: true });
  await leaving.close();
  const messages = trial.messages(trial.count(100));
  await trial.publish(here, messages);
  await expectAcknowledged(trial, staying, messages);
}
