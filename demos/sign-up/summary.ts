import { readFile } from 'node:fs/promises';
import type { BusStats, DeadLetter } from 'millrace';
import { type Sum, type Summary, sumOfLetters, sumUp } from '../shared/sums.ts';
import { counted } from '../shared/text.ts';
import type { SettledSignUp, SignUp } from './intake/registration.ts';
import type { AuditEntry } from './services/audit-log.ts';
import type { PreferenceFiles } from './services/preference-files.ts';
import type { Mailboxes } from './world/mailboxes.ts';
import type { ReplayCounts } from './world/replay.ts';

/** What is left when all is over. */
export interface Remains {
  readonly bus: BusStats;
  readonly letters: readonly DeadLetter[];
  /** In the order in which they were accepted. */
  readonly accepted: readonly SignUp[];
  readonly settled: readonly SettledSignUp[];
  readonly replayed: ReplayCounts;
  readonly mailboxes: Mailboxes;
  readonly auditFile: string;
  readonly store: PreferenceFiles;
}

/**
 * Accounts for every request and every event. The services' own counts are held against the mailboxes, the file and the store.
 *
 * @param found - more sums
 */
export async function summarize(remains: Remains, found: readonly Sum[]): Promise<Summary> {
  const { bus, letters, mailboxes, auditFile } = remains;
  const sums = [
    ...sumsOfAnswers(remains),
    ...sumsOfSignUps(remains),
    sumOfMails(remains),
    ...(await sumsOfAudit(remains)),
    await sumOfPreferences(remains),
    sumOfLetters(bus.handlers, letters),
    ...found,
  ];
  const { lines, holds } = sumUp(bus.handlers, sums);
  const { attempts, later, unanswered, repeated, mostPerHost } = mailboxes;
  const last = [
    `The mails took ${counted(attempts, 'attempt')}: ${later} were to come later, ${unanswered} had no answer, ${repeated} brought what was there already.`,
    `A mail host was never sent more than ${counted(mostPerHost, 'mail')} at a time.`,
    `The audit log is ${auditFile}`,
  ];
  return { lines: [...lines, ...last], holds };
}

function sumsOfAnswers({ replayed }: Remains): readonly Sum[] {
  const { lines, requests, broken, answered, unanswered, malformed, answers } = replayed;
  return [
    { of: 'lines sent', whole: lines, parts: { answered, 'given up': unanswered } },
    { of: 'requests', whole: requests, parts: { accepted: 0, ...answers, 'without an answer': broken } },
    { of: 'lines that are no JSON', whole: malformed, parts: { 'answered as malformed': answers.malformed ?? 0 } },
  ];
}

function sumsOfSignUps({ bus, accepted, settled, replayed }: Remains): readonly Sum[] {
  const copies = bus.handlers.reduce((sum, handler) => sum + handler.accepted, 0);
  // Somebody may have tried the address that is printed.
  const ofOthers = accepted.filter(({ userId }) => !replayed.userIds.has(userId)).length;
  const ok = settled.filter(({ report }) => report.ok).length;
  return [
    {
      of: 'sign-ups accepted',
      whole: accepted.length,
      parts: { 'answered so': replayed.answers.accepted ?? 0, 'of others': ofOthers },
    },
    { of: 'events published', whole: bus.emitted, parts: { 'sign-ups': accepted.length } },
    { of: 'copies accepted', whole: copies, parts: { 'of sign-ups, by 3 services': 3 * accepted.length } },
    { of: 'reports', whole: accepted.length, parts: { ok, 'not ok': settled.length - ok } },
  ];
}

/** Of a mail that died, the server may have taken an attempt whose answer was lost. */
function sumOfMails(remains: Remains): Sum {
  const { taken } = remains.mailboxes;
  const isTaken = (eventId: string): boolean => taken.has(`${eventId}@sign-up.example`);
  return { of: 'mails in mailboxes', whole: taken.size, parts: done('welcome-mail', isTaken, remains) };
}

/** The file may have lines of earlier runs. */
async function sumsOfAudit(remains: Remains): Promise<readonly Sum[]> {
  const lines = (await readFile(remains.auditFile, 'utf8')).split('\n').slice(0, -1);
  const place = new Map(remains.accepted.map(({ eventId }, index) => [eventId, index]));
  const written = new Set(lines.map((line) => (JSON.parse(line) as AuditEntry).event).filter((id) => place.has(id)));
  const places = [...written].map((id) => place.get(id)!);
  const inOrder = places.filter((own, index) => index === 0 || own > places[index - 1]!).length;
  return [
    { of: 'lines in the audit log', whole: written.size, parts: done('audit-log', (id) => written.has(id), remains) },
    { of: 'of them in order', whole: written.size, parts: { 'as accepted': inOrder } },
  ];
}

async function sumOfPreferences(remains: Remains): Promise<Sum> {
  const { accepted, store } = remains;
  const users = new Set(await store.users());
  const written = new Set(accepted.filter(({ userId }) => users.has(userId)).map(({ eventId }) => eventId));
  const parts = done('preferences', (id) => written.has(id), remains);
  return { of: 'users in the store', whole: written.size, parts };
}

/** What a service has done: what it has handled, and what it had done already when its time was over. */
function done(service: string, isDone: (eventId: string) => boolean, { bus, letters }: Remains): Sum['parts'] {
  const { handled } = bus.handlers.find(({ name }) => name === service)!;
  const late = letters.filter(({ handler, event }) => handler === service && isDone(event.id)).length;
  return { handled, 'in dead letters, though done': late };
}
