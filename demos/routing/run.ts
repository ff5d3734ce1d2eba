import { randomBytes } from 'node:crypto';
import { readQuakes } from '../shared/earthquakes/quakes.ts';
import { openServer } from '../shared/open-server.ts';
import { stopSignal } from '../shared/signals.ts';
import { counted, textOf } from '../shared/text.ts';
import { startTimeline } from '../shared/timeline.ts';
import { readAlert } from './alerts.ts';
import { archive, headerDesks, topicDesks } from './desks.ts';
import { openExchanges } from './exchanges.ts';
import { introduce } from './introduction.ts';
import { Office } from './office.ts';
import type { Options } from './options.ts';
import { CUT_OFF } from './pager.ts';
import { summarize } from './summary.ts';

/** Until here, nobody keeps everything. */
const FIRST_DAY_ENDS = Date.parse('2018-02-01');
/** So many letters are worth a line. */
const SHOWN = 3;

/**
 * Starts RabbitMQ, if it is not there, opens the desks, publishes the week, redrives what the pager could not handle, and holds what each desk has heard
 * against the file and against RabbitMQ.
 *
 * @returns the exit code: 1 if a sum does not hold
 * @throws DemoError if there is no RabbitMQ
 */
export async function run({ strong }: Options): Promise<number> {
  const stop = stopSignal();
  const quakes = await readQuakes();
  const firstDay = quakes.filter(({ properties }) => properties.time < FIRST_DAY_ENDS);
  await using server = await openServer('rabbitmq');
  await using exchanges = await openExchanges(server.url, `routing-${randomBytes(4).toString('hex')}`);
  // After the brokers are closed.
  await using _ = {
    [Symbol.asyncDispose]: async () => (server.isOwn ? undefined : exchanges.remove(Office.remains)),
  };
  await using office = await Office.open(server.url, exchanges, strong);
  introduce({ server, quakes: quakes.length, strong, desks: [...topicDesks, archive, ...headerDesks] });
  const say = startTimeline();

  await office.openTopicDesks();
  const first = await office.publish(firstDay, stop);
  say(`The first day: ${counted(first.confirmed, 'alert')}. RabbitMQ had nobody for ${first.unhandled} of them.`);
  await exchanges.bindHeaders();
  await office.openOthers();
  say('An archive opens, which wants all, and desks that choose by headers.');
  const others = await office.publish(quakes.slice(firstDay.length), stop);
  say(`The other days: ${counted(others.confirmed, 'alert')}. RabbitMQ had nobody for ${others.unhandled} of them.`);
  if (stop.aborted) say('Stopped: no more alerts. What is pending is finished.');
  if (!(await office.settled())) say('It is not finished in time.');

  const letters = await office.letters();
  say(`On RabbitMQ: ${counted(letters.length, 'dead letter')}${letters.length > SHOWN ? ', such as' : ''}`);
  for (const { handler, reason, attempts, error, event } of letters.slice(0, SHOWN)) {
    const why = `${reason} after ${counted(attempts.length, 'attempt')} of the last delivery: ${textOf(error)}`;
    say(`  ${handler}: ${event.type}, ${readAlert(event.data).place}; ${why}`);
  }
  office.pager.isCut = false;
  const redrive = await office.redrive();
  say(`The line to ${CUT_OFF} is mended, they are redriven: ${redrive.handled} handled, ${redrive.dead} dead again.`);
  await office.drain();

  const { lines, holds } = await summarize({ strong, quakes, first, others, office, letters, redrive, exchanges });
  for (const line of lines) console.log(line);
  return holds ? 0 : 1;
}
