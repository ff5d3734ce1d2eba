import { setTimeout as sleep } from 'node:timers/promises';
import { drawFate } from '../../shared/fate.ts';
import { type MailServer, type ReceivedMail, serveMail } from '../../shared/mail-server.ts';
import { createRandom } from '../../shared/random.ts';

/** What can become of a mail, and how often it does. */
const troubles = {
  /** 451: come again. */
  busy: 0.05,
  /** There is never an answer. */
  hang: 0.02,
  /** The mail is taken, but there is never an answer. */
  'answer lost': 0.02,
};

/** So many addresses are greylisted: their first mail is turned away, and taken when it comes again later. */
const GREYLISTED = 0.15;
const GREYLISTED_MS = 200;

/** The mailboxes of the world, behind a server that behaves as such servers do. */
export interface Mailboxes extends MailServer {
  /** Mails that came, taken or not. */
  readonly attempts: number;
  /** Of these, those that were told to come later, */
  readonly later: number;
  /** those that had no answer, */
  readonly unanswered: number;
  /** and those whose mail had been taken before. */
  readonly repeated: number;
  /** The ids of all mails that were taken; one that comes twice is taken once. */
  readonly taken: ReadonlySet<string>;
  /** The most mails that one mail host was sent at a time. */
  readonly mostPerHost: number;
  /** From now on there is a mailbox for everybody. */
  openForAll(): void;
}

/** Whoever has this name has no mailbox, at any host, until there is one for everybody. */
const NOBODY = /^nobody@/;

/** Answers with an SMTP code. */
class SmtpError extends Error {
  readonly responseCode: number;

  constructor(responseCode: number, text: string) {
    super(text);
    this.responseCode = responseCode;
  }
}

export async function openMailboxes({ seed }: { readonly seed: number }): Promise<Mailboxes> {
  const taken = new Set<string>();
  const firstSeen = new Map<string, number>();
  const attempts = new Map<string, number>();
  const atWork = new Map<string, number>();
  const state = { attempts: 0, later: 0, unanswered: 0, repeated: 0, taken, mostPerHost: 0, isOpenForAll: false };

  async function take({ messageId, to }: ReceivedMail): Promise<void> {
    const [address] = to as [string];
    const host = address.slice(address.lastIndexOf('@') + 1);
    const attempt = (attempts.get(messageId) ?? 0) + 1;
    attempts.set(messageId, attempt);
    state.attempts++;
    const atThisHost = (atWork.get(host) ?? 0) + 1;
    atWork.set(host, atThisHost);
    state.mostPerHost = Math.max(state.mostPerHost, atThisHost);
    // From the address, not from the order of mails: the same seed has the same troubles, however the machine is busy.
    const random = createRandom(`${seed}/${address}/${attempt}`);
    const fate = drawFate(troubles, random());
    await sleep(20 + 100 * random() ** 2);
    atWork.set(host, atWork.get(host)! - 1);
    if (NOBODY.test(address) && !state.isOpenForAll) throw new SmtpError(550, 'No such mailbox here.');
    if (fate === 'busy' || isTooEarly(address)) {
      state.later++;
      throw new SmtpError(451, 'Come again later.');
    }
    if (fate !== 'hang') {
      if (taken.has(messageId)) state.repeated++;
      taken.add(messageId);
    }
    if (fate === 'taken') return;
    state.unanswered++;
    await new Promise(() => undefined);
  }

  function isTooEarly(address: string): boolean {
    if (createRandom(`${seed}/${address}/greylisted`)() >= GREYLISTED) return false;
    const now = performance.now();
    if (!firstSeen.has(address)) firstSeen.set(address, now);
    return now < firstSeen.get(address)! + GREYLISTED_MS;
  }

  const server = await serveMail(take);
  return Object.assign(state, server, { openForAll: () => void (state.isOpenForAll = true) });
}
