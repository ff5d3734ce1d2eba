import { setTimeout as sleep } from 'node:timers/promises';
import { type MailServer, serveMail } from '../../shared/mail-server.ts';
import { createRandom } from '../../shared/random.ts';

/** A mail is looked at for so long, at most, before it is taken. */
const SCAN_MS = 200;

/** The mailbox of the admin, behind a mail server. */
export interface Mailbox extends MailServer {
  /** The numbers of the events that it has mails of, in the order in which they came; a mail that comes twice is kept once. */
  readonly mails: ReadonlySet<string>;
}

export async function openMailbox(say: (line: string) => void): Promise<Mailbox> {
  const mails = new Set<string>();
  const server = await serveMail(async ({ messageId, to }) => {
    // Not the same for all: without a key, mails would overtake each other.
    await sleep(SCAN_MS * createRandom(messageId)());
    const number = messageId.slice(0, messageId.indexOf('@'));
    if (!mails.has(number)) say(`#${number} in the mailbox of ${to.join(', ')}`);
    mails.add(number);
  });
  return Object.assign(server, { mails });
}
