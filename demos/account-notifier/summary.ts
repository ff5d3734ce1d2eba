import type { DeadLetter, ProcessorStats } from 'millrace';
import { type Sum, sumOfLetters, sumUp, type Summary } from '../shared/sums.ts';
import type { UserMessage } from './events.ts';
import type { Chat } from './world/chat.ts';
import type { Mailbox } from './world/mailbox.ts';

/** What is left when all is over. */
export interface Remains {
  /** Of the file. */
  readonly lines: { readonly all: number; readonly read: number; readonly withoutEffect: number };
  /** Events that were sent on the bus. */
  readonly emitted: number;
  /** The events themselves, in order. */
  readonly told: readonly UserMessage[];
  readonly handlers: readonly ProcessorStats[];
  readonly letters: readonly DeadLetter[];
  readonly badges: number;
  readonly mailbox: Mailbox;
  readonly chat: Chat;
}

/** Accounts for every event: what the notifiers count is held against the file, the mailbox and the chat. */
export function summarize(remains: Remains): Summary {
  const { lines, emitted, told, handlers, letters, badges, mailbox, chat } = remains;
  const created = told.filter(({ type }) => type === 'user.created').length;
  const deleted = told.length - created;
  const [mail, webhook] = [arrivals('admin-mail', mailbox.mails), arrivals('chat-webhook', chat.shown)];
  const sums: readonly Sum[] = [
    {
      of: 'lines of the file',
      whole: lines.all,
      parts: { created, deleted, 'without effect': lines.withoutEffect, 'not read': lines.all - lines.read },
    },
    {
      of: 'copies accepted',
      whole: handlers.reduce((sum, { accepted }) => sum + accepted, 0),
      parts: { 'of created, by 4 listeners': 4 * created, 'of deleted, by 3': 3 * deleted },
    },
    {
      of: 'accounts created',
      whole: created,
      parts: { 'badges printed': badges, 'dead letters': lettersOf('name-badges').length },
    },
    {
      of: 'notifications of 2 kinds',
      whole: 2 * emitted,
      parts: {
        mails: mailbox.mails.size,
        'messages in the chat': chat.shown.size,
        'dead letters': mail.lost + webhook.lost,
      },
    },
    { of: 'mails in the mailbox', whole: mailbox.mails.size, parts: mail.parts },
    {
      of: 'mails in order',
      whole: mailbox.mails.size,
      parts: { 'each after those about the same account': inOrder(mailbox.mails, (number) => emailOf(number)) },
    },
    { of: 'messages in the chat', whole: chat.shown.size, parts: webhook.parts },
    {
      of: 'messages in order',
      whole: chat.shown.size,
      parts: { 'each after those before it': inOrder(chat.shown, () => 'chat') },
    },
    {
      of: 'requests at the chat',
      whole: chat.requests,
      parts: { shown: chat.shown.size, 'answered with 429': chat.refused, 'shown before': chat.repeated },
    },
    sumOfLetters(handlers, letters),
  ];
  return sumUp(handlers, sums);

  function lettersOf(handler: string): readonly DeadLetter[] {
    return letters.filter((letter) => letter.handler === handler);
  }

  /** Of what is dead, something may have arrived: an attempt whose answer was lost. */
  function arrivals(handler: string, arrived: ReadonlySet<string>) {
    const { handled } = handlers.find(({ name }) => name === handler)!;
    const dead = lettersOf(handler);
    const unanswered = dead.filter(({ event }) => arrived.has(event.id)).length;
    return {
      lost: dead.length - unanswered,
      parts: { handled, 'in dead letters, as the answer was lost': unanswered },
    };
  }

  function emailOf(number: string): string {
    return told.find(({ id }) => id === number)!.data.email;
  }
}

/** How many came after all those before them in the same lane. */
function inOrder(numbers: ReadonlySet<string>, laneOf: (number: string) => string): number {
  const latest = new Map<string, number>();
  let count = 0;
  for (const number of numbers) {
    const lane = laneOf(number);
    if (Number(number) > (latest.get(lane) ?? 0)) count++;
    latest.set(lane, Math.max(Number(number), latest.get(lane) ?? 0));
  }
  return count;
}
