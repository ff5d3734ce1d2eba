import { readFile } from 'node:fs/promises';
import { type Sum, sumUp, type Summary } from '../shared/sums.ts';
import { counted, table } from '../shared/text.ts';
import type { AuditEntry } from '../sign-up/services/audit-log.ts';
import type { Mailboxes } from '../sign-up/world/mailboxes.ts';
import type { ReplayCounts } from '../sign-up/world/replay.ts';
import type { Victim } from '../shared/victim.ts';
import type { Ledger, ServiceLedger } from './ledger.ts';
import type { Options } from './options.ts';
import type { BrokerWorld } from './world/broker-world.ts';

/** What is left when all is over. */
export interface Remains {
  readonly options: Pick<Options, 'kill'>;
  readonly ledger: Ledger;
  readonly replayed: ReplayCounts;
  readonly mailboxes: Pick<Mailboxes, 'attempts' | 'later' | 'repeated' | 'taken' | 'unanswered'>;
  readonly auditFile: string;
  readonly world: Pick<BrokerWorld, 'events' | 'letters' | 'unsettled'>;
  /** Dead letters before they were redriven. */
  readonly letters: number;
  readonly crew: Readonly<Record<'audit' | 'mail' | 'web', Pick<Victim<never>, 'kills' | 'name' | 'starts'>>>;
}

/** Holds what was confirmed against the mailboxes, the audit log and the broker. */
export async function summarize(remains: Remains): Promise<Summary> {
  const { ledger, mailboxes, auditFile } = remains;
  const audited = await readAudit(auditFile);
  const sums = [
    ...sumsOfAnswers(remains),
    await sumOfEvents(remains),
    ...sumsOfMails(remains),
    ...sumsOfAudit(audited, ledger),
    await sumOfLetters(remains),
    { of: 'left on the broker', whole: 0, parts: { unsettled: await remains.world.unsettled() } },
  ];
  const { lines, holds } = sumUp([], sums);
  const { attempts, later, unanswered, repeated } = mailboxes;
  const last = [
    `The mails took ${counted(attempts, 'attempt')}: ${later} were to come later, ${unanswered} had no answer, ${repeated} brought what was there already.`,
    `At least once means that there are repeats: here ${counted(repeated, 'mail')}, and ${counted(audited.length - new Set(audited).size, 'line')} of the audit log. They are known by the event's id.`,
    `The audit log is ${auditFile}`,
  ];
  return { lines: [...linesOfProcesses(remains), ...lines, ...last], holds };
}

function sumsOfAnswers({ replayed, ledger: { confirmed } }: Remains): readonly Sum[] {
  const { lines, requests, broken, answered, unanswered, answers } = replayed;
  const accepted = answers.accepted ?? 0;
  return [
    { of: 'lines sent', whole: lines, parts: { answered, 'given up': unanswered } },
    { of: 'requests', whole: requests, parts: { accepted: 0, ...answers, 'without an answer': broken } },
    {
      of: 'confirmations',
      whole: accepted,
      parts: { 'sign-ups': confirmed.size, 'of a sign-up from before the kill': accepted - confirmed.size },
    },
  ];
}

/** Whoever takes sign-ups may be killed between the broker's answer and its own: then the same event is published again, and some brokers keep it twice. */
async function sumOfEvents({ world, options, ledger: { confirmed } }: Remains): Promise<Sum> {
  const whole = await world.events();
  const again = Math.max(0, whole - confirmed.size);
  const parts = { 'sign-ups confirmed': confirmed.size, ...(options.kill === 'web' && { 'published again': again }) };
  return { of: 'events on the broker', whole, parts };
}

function sumsOfMails({ mailboxes: { taken }, ledger: { confirmed } }: Remains): readonly Sum[] {
  const mailed = [...confirmed].filter((event) => taken.has(`${event}@sign-up.example`)).length;
  return [
    { of: 'sign-ups confirmed', whole: confirmed.size, parts: { mailed } },
    { of: 'mails in mailboxes', whole: taken.size, parts: { 'of sign-ups confirmed': mailed } },
  ];
}

function sumsOfAudit(audited: readonly string[], { confirmed }: Ledger): readonly Sum[] {
  const distinct = new Set(audited);
  const ofConfirmed = [...confirmed].filter((event) => distinct.has(event)).length;
  return [
    { of: 'the same sign-ups', whole: confirmed.size, parts: { audited: ofConfirmed } },
    {
      of: 'lines in the audit log',
      whole: audited.length,
      parts: { 'of sign-ups confirmed': ofConfirmed, repeated: audited.length - distinct.size },
    },
  ];
}

async function sumOfLetters({ letters, ledger: { mail }, world }: Remains): Promise<Sum> {
  const { handled = 0 } = mail.redriven ?? {};
  const left = (await world.letters('mail').list()).length;
  return { of: 'dead letters on the broker', whole: letters, parts: { 'handled when redriven': handled, left } };
}

/** The ids of events, line by line. */
async function readAudit(file: string): Promise<readonly string[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as AuditEntry).event);
}

function linesOfProcesses({ crew: { web, mail, audit }, ledger }: Remains): readonly string[] {
  const heads = ['', 'started', 'killed', 'handled', 'again', 'retried', 'redelivered', 'dead', 'redriven'];
  const rows = [
    [...livesOf(web), '', '', '', '', '', ''],
    [...livesOf(mail), ...workOf(ledger.mail)],
    [...livesOf(audit), ...workOf(ledger.audit)],
  ];
  return ['', 'What each process has done, all its lives together:', '', ...table(heads, rows)];
}

function livesOf({ name, starts, kills }: Remains['crew']['web']): readonly (number | string)[] {
  return [name, starts, kills.opening + kills.ready];
}

function workOf(ledger: ServiceLedger): readonly number[] {
  const { handled, retried, handedBack, dead, redriven } = ledger;
  return [handled, repeatsOf(ledger), retried, handedBack, dead, redriven?.redriven ?? 0];
}

function repeatsOf({ handled, done }: ServiceLedger): number {
  return handled - done;
}
