import { setTimeout as sleep } from 'node:timers/promises';
import { createEventBus } from 'millrace';
import { readNdjson } from '../shared/ndjson.ts';
import { aborted, stopSignal } from '../shared/signals.ts';
import { counted, textOf } from '../shared/text.ts';
import { startTimeline } from '../shared/timeline.ts';
import { Accounts } from './accounts.ts';
import { apply, changeSchema } from './changes.ts';
import { events, headline, type UserMessage } from './events.ts';
import { registerAdminMail } from './notifiers/admin-mail.ts';
import { registerChatWebhook } from './notifiers/chat-webhook.ts';
import { registerNameBadges } from './notifiers/name-badges.ts';
import { registerStory } from './notifiers/story.ts';
import type { Options } from './options.ts';
import { summarize } from './summary.ts';
import { openChat } from './world/chat.ts';
import { openMailbox } from './world/mailbox.ts';

/** Somebody who presses Ctrl-C does not want to wait for long. */
const STOP_MS = 5_000;

/**
 * Registers those who listen, changes accounts to the end of the file, drains, and accounts for every event.
 *
 * @returns the exit code: 1 if a sum does not hold
 * @throws UsageError for a file that is not one of accounts
 */
export async function run({ file, everyMs }: Options): Promise<number> {
  const stop = stopSignal();
  const changes = await readNdjson(file, changeSchema);
  const say = startTimeline();
  const sayBelow = (line: string): void => say(`    ${line}`);
  await using mailbox = await openMailbox(sayBelow);
  await using chat = await openChat(sayBelow);
  introduce(mailbox.url, chat.url);

  using bus = createEventBus({ events, source: 'accounts' });
  const users = bus.asReadonly();
  const told: UserMessage[] = [];
  registerStory(users, (event) => {
    told.push(event);
    say(`#${event.id} ${headline(event)}`);
  });
  let badges = 0;
  registerNameBadges(users, () => badges++);
  registerAdminMail(users, { server: mailbox.url, admin: 'admin@accounts.example' });
  registerChatWebhook(users, chat.url);
  bus.deadLetters.subscribe(({ handler, event, reason, error }) =>
    sayBelow(`#${event.id} dead letter of ${handler} (${reason}): ${textOf(error)}`),
  );

  const accounts = new Accounts(bus.asEmitter());
  const lines = { all: changes.length, read: 0, withoutEffect: 0 };
  for (const line of changes) {
    if (stop.aborted) break;
    lines.read++;
    if (!apply(line, accounts)) {
      lines.withoutEffect++;
      say(`Nothing to ${line.action} for ${line.email}: nobody is told.`);
    }
    await sleep(everyMs, undefined, { signal: stop }).catch(() => undefined);
  }

  // Here the tutorial's program ends, and loses what is on its way.
  const pending = bus.stats().handlers.reduce((sum, handler) => sum + handler.pending, 0);
  say(`${stop.aborted ? 'Stopped' : 'The end of the file'}. Still on their way: ${counted(pending, 'notification')}.`);
  void aborted(stop).then(() => bus.drain({ deadlineMs: STOP_MS }));
  const { abandoned } = await bus.drain();
  if (abandoned > 0) say(`Not finished in time, and dead letters now: ${counted(abandoned, 'notification')}.`);

  const { handlers, emitted } = bus.stats();
  const letters = await bus.deadLetters.list();
  const summary = summarize({ lines, emitted, told, handlers, letters, badges, mailbox, chat });
  for (const line of summary.lines) console.log(line);
  return summary.holds ? 0 : 1;
}

function introduce(mailUrl: URL, chatUrl: URL): void {
  const lines = [
    'The account notifier: accounts are created and deleted, and four listeners hear of it.',
    'Each is registered in a module of its own, which can listen to these events, and cannot send them:',
    '',
    '  story         tells here what happened',
    '  name-badges   prints badges; it throws at people of one name, which harms nobody else',
    '  admin-mail    mails the admin: in order per account, two mails at a time',
    '  chat-webhook  posts into a chat that takes six messages a second, and says when to come again',
    '',
    `mail  ${mailUrl.href}`,
    `chat  ${chatUrl.href}`,
    '',
  ];
  for (const line of lines) console.log(line);
}
