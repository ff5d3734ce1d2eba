import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEventBus } from 'millrace';
import { Subject } from 'rxjs';
import { openFolder } from '../shared/folder.ts';
import { aborted, stopSignal } from '../shared/signals.ts';
import { counted } from '../shared/text.ts';
import { startTimeline } from '../shared/timeline.ts';
import { UserSignedUp } from './events.ts';
import { serveSignUps } from './intake/endpoint.ts';
import { Registration, type SettledSignUp } from './intake/registration.ts';
import { introduce, narrate } from './narrator.ts';
import type { Options } from './options.ts';
import { AuditLog } from './services/audit-log.ts';
import { PreferenceFiles } from './services/preference-files.ts';
import { createWelcomeMail } from './services/welcome-mail.ts';
import { openServices } from './sign-up.ts';
import { summarize } from './summary.ts';
import { openWatch } from './watch/watch.ts';
import { failFor } from './world/faulty-store.ts';
import { openLines } from './world/lines.ts';
import { openMailboxes } from './world/mailboxes.ts';
import { type AnsweredLine, replay, ReplayCounts } from './world/replay.ts';

/** What is pending at the end of the file has time; somebody who presses Ctrl-C has not. */
const DRAIN_MS = 20_000;
const STOP_MS = 5_000;
/** Those who send do not know that the service is about to end: for so long they go on. */
const UNAWARE_MS = 250;

/**
 * Starts the world outside and the services, takes sign-ups to the end of the file, drains, and accounts for everything.
 *
 * @returns the exit code: 1 if a sum does not hold
 * @throws UsageError for a file that cannot be read, or a folder that cannot be written
 */
export async function run(options: Options): Promise<number> {
  const stop = stopSignal();
  const reading = new AbortController();
  const lines = await openLines(options.file, reading.signal);
  const folder = await openFolder('sign-up', options.out);
  const auditFile = join(folder, 'audit.ndjson');
  const preferencesFolder = join(folder, 'preferences');
  await mkdir(preferencesFolder, { recursive: true });

  await using watch = await openWatch(options);
  await using mailboxes = await openMailboxes(options);
  await using auditLog = await AuditLog.open(auditFile);
  const store = new PreferenceFiles(preferencesFolder);
  using bus = createEventBus({ events: [UserSignedUp], source: 'sign-up', probe: watch.probes });
  const faulty = failFor(options.fail, store);
  const sendWelcomeMail = watch.mail(createWelcomeMail(mailboxes.url), mailboxes.url);
  openServices(bus, { sendWelcomeMail, auditLog, preferences: watch.store(faulty) });
  const registration = new Registration(bus, await addressesIn(store));
  await using endpoint = await serveSignUps(watch.intake(registration));

  const settled: SettledSignUp[] = [];
  registration.reports.subscribe((signUp) => settled.push(signUp));
  const replayed = new ReplayCounts();
  const answers = new Subject<AnsweredLine>();
  introduce({ options, signUpUrl: endpoint.url, mailUrl: mailboxes.url, metricsUrl: watch.metricsUrl, folder });
  const say = startTimeline();
  const narration = narrate({ bus, registration, answers, replayed, say });

  void aborted(stop).then(async () => {
    // Those who only wait for Ctrl-C have nothing pending.
    if (narration.closed) return;
    registration.close();
    say('Stopped: nobody is signed up any more. What is pending is finished.');
    await sleep(UNAWARE_MS);
    reading.abort();
  });
  try {
    await replay({ lines, url: endpoint.url, perSecond: options.rate, signal: reading.signal, answers }, replayed);
    if (!stop.aborted) say('The end of the file. What is pending is finished.');
    registration.close();
    void aborted(stop).then(() => bus.drain({ deadlineMs: STOP_MS }));
    watch.look();
    if (options.trace) await redriveAll();
    const { abandoned } = await bus.drain({ deadlineMs: DRAIN_MS });
    if (abandoned > 0) say(`Not finished in time, and dead letters now: ${counted(abandoned, 'copy', 'copies')}.`);
    await registration.settled();
  } finally {
    narration.unsubscribe();
  }

  const letters = await bus.deadLetters.list();
  const { accepted } = registration;
  const remains = { bus: bus.stats(), letters, accepted, settled, replayed, mailboxes, auditFile, store };
  const found = await watch.findings(remains);
  const summary = await summarize(remains, found.sums);
  for (const line of [...found.lines, ...summary.lines]) console.log(line);
  if (options.hold && !stop.aborted) {
    say(`Held: ${watch.metricsUrl!.href} can be scraped, until Ctrl-C.`);
    await aborted(stop);
  }
  return summary.holds ? 0 : 1;

  /** The story of a dead letter has a good end, once what was wrong is repaired. */
  async function redriveAll(): Promise<void> {
    await registration.settled();
    if (stop.aborted) return;
    mailboxes.openForAll();
    faulty.repair();
    say('There is a mailbox for everybody now, and every file can be written.');
    const { redriven, handled } = await bus.deadLetters.redrive({ signal: stop });
    if (!stop.aborted) watch.look();
    say(`Redriven: ${counted(redriven, 'dead letter')}, ${handled} of them handled.`);
  }
}

/** Whoever has signed up in an earlier run, into the same folder, is known. */
async function addressesIn(store: PreferenceFiles): Promise<readonly string[]> {
  const users = await Promise.all((await store.users()).map((userId) => store.get(userId)));
  return users.map(({ email }) => email);
}
