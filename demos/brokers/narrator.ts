import { relative } from 'node:path';
import { distinctUntilChanged, interval, map, type Observable, Subscription } from 'rxjs';
import { counted } from '../shared/text.ts';
import type { CrewReport } from './crew.ts';
import type { Ledger } from './ledger.ts';
import type { Options } from './options.ts';

export interface IntroductionOptions {
  readonly options: Options;
  readonly where: string;
  readonly auditFile: string;
}

/** Says what is going to happen, and where. */
export function introduce({ options, where, auditFile }: IntroductionOptions): void {
  const { file, rate, seed, kill } = options;
  const isMemory = options.with === 'memory';
  const lines = [
    `The sign-ups across a broker: each line of ${file === '-' ? 'the standard input' : relative('', file)} is a request, ${rate} a second (seed ${seed}).`,
    isMemory
      ? 'A broker in memory ends with its process, so the three are in this one; who is killed is abandoned: a bus nobody hears of any more.'
      : 'Three processes, each with a connection of its own to the broker; nothing else is between them:',
    '',
    '  web    answers a request when the broker has confirmed the event',
    '  mail   sends a mail by SMTP; the server is slow, busy, or silent, and one address has no mailbox',
    '  audit  appends a line to a file, one at a time',
    '',
    `${isMemory ? 'Abandoned' : 'Killed (SIGKILL)'} while sign-ups come in, and started again: ${kill}.`,
    'The handlers are those of `npm run demo sign-up`. What is different is a line:',
    '',
    "  - const bus = createEventBus({ events: [UserSignedUp], source: 'sign-up' });",
    "  + const bus = createBrokeredBus(broker, { events: [UserSignedUp], source: 'sign-up', group });",
    '',
    `broker  ${where}`,
    `audit   ${auditFile}`,
    '',
  ];
  for (const line of lines) console.log(line);
}

export interface NarratorOptions {
  readonly ledger: Ledger;
  readonly reports: Observable<CrewReport>;
  readonly say: (line: string) => void;
}

/** Tells what somebody who runs these services would want to know. */
export function narrate({ ledger, reports, say }: NarratorOptions): Subscription {
  const all = new Subscription();
  all.add(reports.subscribe(tell));
  all.add(interval(1_000).pipe(map(status), distinctUntilChanged()).subscribe(say));
  return all;

  function tell({ service, report }: CrewReport): void {
    if (report.kind === 'letter') say(`Dead letter: ${service} of ${report.user}, ${report.text}`);
    if (report.kind === 'error') say(`Error in ${service}: ${report.text}`);
    if (report.kind !== 'redriven') return;
    const { redriven, handled, dead } = report.report;
    say(`Redriven by ${service}: ${counted(redriven, 'letter')}, ${handled} handled, ${dead} dead again.`);
  }

  function status(): string {
    const { mail, audit, count } = ledger;
    return `${counted(count.value, 'sign-up')} confirmed; ${mail.done} mailed, ${audit.done} audited`;
  }
}
