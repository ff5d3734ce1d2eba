import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { first, firstValueFrom, Subject } from 'rxjs';
import { openFolder } from '../shared/folder.ts';
import { aborted, stopSignal } from '../shared/signals.ts';
import { counted } from '../shared/text.ts';
import { startTimeline } from '../shared/timeline.ts';
import { openLines } from '../sign-up/world/lines.ts';
import { openMailboxes } from '../sign-up/world/mailboxes.ts';
import { type AnsweredLine, replay, ReplayCounts } from '../sign-up/world/replay.ts';
import { Crew } from './crew.ts';
import { Ledger } from './ledger.ts';
import { introduce, narrate } from './narrator.ts';
import type { Options } from './options.ts';
import { summarize } from './summary.ts';
import type { BrokerWorld } from './world/broker-world.ts';
import { openMemoryWorld } from './world/memory-world.ts';
import { openServerWorld } from './world/server-world.ts';

/** A process is killed when so many sign-ups are confirmed, and started again when so many more are. */
const KILL_AT = 40;
const START_AFTER = 20;
/** As nobody is signed up while the process is away that does that, it is away for so long. */
const AWAY_MS = 500;
/** What is pending in the end has so long, and it is looked at so often. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 100;

type Say = (line: string) => void;

/**
 * Starts the broker, if it is not there, and the processes; takes sign-ups to the end of the file, kills one of the processes on the way, and holds what
 * was confirmed against the mailboxes, the audit log and the broker.
 *
 * @returns the exit code: 1 if a sum does not hold
 * @throws UsageError for a file that cannot be read, or a folder that cannot be written
 * @throws DemoError if there is no such broker
 */
export async function run(options: Options): Promise<number> {
  const stop = stopSignal();
  const reading = new AbortController();
  const lines = await openLines(options.file, reading.signal);
  const folder = await openFolder('brokers', options.out);
  const name = `sign-up-${randomBytes(4).toString('hex')}`;
  const auditFile = join(folder, `audit-${name}.ndjson`);

  await using world = await openWorld(options, name);
  await using mailboxes = await openMailboxes(options);
  const ledger = new Ledger();
  await using crew = new Crew(world, { run: name, mailUrl: mailboxes.url.href, auditFile }, ledger);
  introduce({ options, where: world.where, auditFile });
  const say = startTimeline();
  const narration = narrate({ ledger, reports: crew.reports, say });
  try {
    await crew.start();
    say(`All three are ready. Sign-ups go to ${crew.url.href}`);
    const replayed = new ReplayCounts();
    const answers = new Subject<AnsweredLine>();
    answers.subscribe(({ answer }) => ledger.noteAnswer(answer));
    void aborted(stop).then(() => {
      say('Stopped: no more sign-ups. What is pending is finished.');
      reading.abort();
    });
    const killing = killOne(crew, options, ledger, say);
    await replay({ lines, url: crew.url, perSecond: options.rate, signal: reading.signal, answers }, replayed);
    ledger.count.complete();
    await killing;
    if (!stop.aborted) say('The end of the file. What is pending is finished.');
    await finishPending(crew, ledger, world, say);

    const letters = (await world.letters('mail').list()).length;
    say(`On the broker: ${counted(letters, 'dead letter')}. Everybody gets a mailbox now, and they are redriven.`);
    mailboxes.openForAll();
    crew.mail.tell('redrive');
    while (ledger.mail.redriven === undefined) await crew.pause(LOOK_MS);
    await finishPending(crew, ledger, world, say);
    await crew.finish();

    const { lines: last, holds } = await summarize({
      options,
      ledger,
      replayed,
      mailboxes,
      auditFile,
      world,
      letters,
      crew,
    });
    for (const line of last) console.log(line);
    return holds ? 0 : 1;
  } finally {
    narration.unsubscribe();
  }
}

async function openWorld({ with: kind }: Options, name: string): Promise<BrokerWorld> {
  return kind === 'memory' ? openMemoryWorld(name) : openServerWorld(kind, name);
}

/** Kills one of them while sign-ups come in, and starts it again a little later. If there are too few sign-ups, nobody is killed. */
async function killOne(crew: Crew, { kill }: Options, { count }: Ledger, say: Say): Promise<void> {
  const victim = crew[kill];
  const isTime = await firstValueFrom(count.pipe(first((confirmed) => confirmed >= KILL_AT, 0)));
  if (isTime === 0) return;
  await victim.kill();
  const before = count.value;
  say(`Killed: ${kill}, ${counted(before, 'sign-up')} having been confirmed.`);
  if (kill === 'web') await sleep(AWAY_MS);
  else await firstValueFrom(count.pipe(first((confirmed) => confirmed >= before + START_AFTER, 0)));
  victim.start();
  say(`Started again: ${kill}. Meanwhile, confirmed: ${counted(count.value - before, 'more sign-up')}.`);
}

/** Waits until every sign-up that was confirmed is through, and the broker has nothing left. */
async function finishPending(crew: Crew, ledger: Ledger, world: BrokerWorld, say: Say): Promise<void> {
  const startedAt = performance.now();
  // What is on its way from the broker to a process is seen at neither: so it has to look quiet twice.
  for (let quiet = 0; quiet < 2;) {
    if (performance.now() - startedAt > PATIENCE_MS) return say('It is not finished in time.');
    await crew.pause(LOOK_MS);
    quiet = ledger.isThrough && (await world.unsettled()) === 0 ? quiet + 1 : 0;
  }
}
