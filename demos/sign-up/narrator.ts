import { relative } from 'node:path';
import type { DeadLetter, HandlerReport } from 'millrace';
import {
  distinctUntilChanged,
  filter,
  groupBy,
  interval,
  map,
  mergeMap,
  type Observable,
  Subscription,
  take,
} from 'rxjs';
import { counted, textOf } from '../shared/text.ts';
import type { SignUpBus, SignUpMessage } from './events.ts';
import type { Answer } from './intake/answer.ts';
import type { Registration, SettledSignUp } from './intake/registration.ts';
import type { Options } from './options.ts';
import type { AnsweredLine, ReplayCounts } from './world/replay.ts';

export interface IntroductionOptions {
  readonly options: Options;
  readonly signUpUrl: URL;
  readonly mailUrl: URL;
  readonly metricsUrl: URL | undefined;
  readonly folder: string;
}

/** Says what is going to happen, and where. */
export function introduce({ options, signUpUrl, mailUrl, metricsUrl, folder }: IntroductionOptions): void {
  const { file, rate, fail, seed } = options;
  const lines = [
    `Sign-up: each line of ${file === '-' ? 'the standard input' : relative('', file)} is a request, ${rate} a second (seed ${seed}).`,
    'Each is answered at once; a sign-up that is accepted is an event, which three services work on side by side:',
    '',
    '  welcome-mail  sends a mail by SMTP: one at a time to a mail host, eight in all; the server is slow, busy, or silent',
    '  audit-log     appends a line to a file, one at a time, in order',
    `  preferences   writes a file per user; that of ${fail} cannot be written`,
    '',
    `sign-ups  ${signUpUrl.href}`,
    `mail      ${mailUrl.href}`,
    ...(metricsUrl === undefined ? [] : [`metrics   ${metricsUrl.href}`]),
    `files     ${folder}`,
    '',
  ];
  for (const line of lines) console.log(line);
}

export interface NarratorOptions {
  readonly bus: SignUpBus;
  readonly registration: Registration;
  readonly answers: Observable<AnsweredLine>;
  readonly replayed: ReplayCounts;
  readonly say: (line: string) => void;
}

/** So many answers of each kind are worth a line. */
const SHOWN = 2;

/** Tells what somebody who runs this service would want to know. It only subscribes: without it, all would be the same. */
export function narrate({ bus, registration, answers, replayed, say }: NarratorOptions): Subscription {
  const all = new Subscription();
  const firstAnswers = answers.pipe(
    groupBy(({ answer }) => answer.code),
    mergeMap((ofOneKind) => ofOneKind.pipe(take(SHOWN))),
  );
  const firstOk = registration.reports.pipe(
    filter(({ report }) => report.ok),
    take(1),
  );
  const firstNotOk = registration.reports.pipe(
    filter(({ report }) => !report.ok),
    take(1),
  );

  all.add(firstAnswers.subscribe(({ line, answer }) => say(`Line ${line}: ${textOfAnswer(answer)}`)));
  for (const first of [firstOk, firstNotOk]) all.add(first.subscribe((signUp) => reportOf(signUp).forEach(say)));
  all.add(bus.deadLetters.subscribe((letter) => say(`Dead letter: ${textOfLetter(letter)}`)));
  all.add(bus.errors.subscribe(({ kind, error }) => say(`Error (${kind}): ${textOf(error)}`)));
  all.add(interval(1_000).pipe(map(status), distinctUntilChanged()).subscribe(say));
  return all;

  function status(): string {
    const services = bus
      .stats()
      .handlers.map(({ name, handled, pending }) => `${name} ${handled} + ${pending} pending`);
    return `${counted(replayed.lines, 'line')}, ${counted(registration.accepted.length, 'sign-up')}; ${services.join(', ')}`;
  }
}

function textOfAnswer({ code, userId, error, issues }: Answer): string {
  if (code === 'accepted') return `${code} as ${userId}.`;
  const issue = issues?.[0] && ` ${issues[0].path}: ${issues[0].message}.`;
  return `${code}. ${error}${issue ?? ''}`;
}

/** What `bus.publish` has returned. */
function reportOf({ userId, report }: SettledSignUp): readonly string[] {
  return [
    `The report of ${userId} is ${report.ok ? 'ok' : 'not ok'}:`,
    ...report.handlers.map((handler) => `  ${handler.name.padEnd(12)}  ${wordsFor[handler.outcome](handler)}`),
  ];
}

/** A handler's part of a report in words, by its outcome. */
const wordsFor: Readonly<Record<HandlerReport['outcome'], (handler: HandlerReport) => string>> = {
  handled: ({ attempts }) => `handled in ${counted(attempts, 'attempt')}`,
  dead: ({ attempts, reason, error }) => `dead (${reason}) after ${counted(attempts, 'attempt')}: ${textOf(error)}`,
  dropped: ({ reason }) => `dropped (${reason})`,
  rejected: ({ error }) => `not taken: ${textOf(error)}`,
};

/** Whose it is, and not what is in it: a log is no place for that. */
function textOfLetter({ handler, event, reason, error, attempts }: DeadLetter): string {
  const { userId } = (event as SignUpMessage).data;
  const text = reason === 'abandoned' ? '' : ` ${textOf(error)}`;
  return `${handler} of ${userId}, ${reason} after ${counted(attempts.length, 'attempt')}.${text}`;
}
