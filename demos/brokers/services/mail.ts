import { createBrokeredBus, type DeadLetterQueue } from 'millrace';
import { textOf } from '../../shared/text.ts';
import { aborted } from '../../shared/signals.ts';
import { type SignUpMessage, UserSignedUp } from '../../sign-up/events.ts';
import { createWelcomeMail, mailOptions } from '../../sign-up/services/welcome-mail.ts';
import { groupOf, type Host, type Settings } from './service.ts';
import { watchWith } from './watch.ts';

/** Milliseconds after which the broker gives to another what a killed process had, where it has leases. */
const LEASE_MS = 2_000;
/** A mail that fails again after a redrive has a new letter: letters are redriven until there are none, but not for ever. */
const REDRIVES = 10;

/** Sends a mail to whoever has signed up. The handler is that of the in-process demo. */
export async function runMail(host: Host, { run, mailUrl }: Settings): Promise<void> {
  const { broker, report, told } = host;
  // In process: createEventBus({ events: [UserSignedUp] })
  await using bus = createBrokeredBus(broker, {
    events: [UserSignedUp],
    group: groupOf(run, 'mail'),
    leaseMs: LEASE_MS,
    probe: watchWith(host),
  });
  bus.on(UserSignedUp, createWelcomeMail(new URL(mailUrl)), {
    ...mailOptions,
    // A few attempts here; then the event goes back to the broker, which delivers it again.
    retry: { ...mailOptions.retry, maxAttempts: 2 },
    redelivery: { maxDeliveries: 5, delayMs: 250 },
  });
  bus.errors.subscribe(({ error }) => report({ kind: 'error', text: String(error) }));
  bus.deadLetters.subscribe(({ event, reason, error }) => {
    const { userId } = (event as SignUpMessage).data;
    report({ kind: 'letter', user: userId, text: `${reason}: ${textOf(error)}` });
  });
  await bus.ready;
  report({ kind: 'ready' });
  await Promise.race([aborted(told('redrive')), aborted(told('finish'))]);
  if (told('redrive').aborted) await redriveAll(bus.deadLetters, host);
  await aborted(told('finish'));
}

async function redriveAll(deadLetters: DeadLetterQueue, { report }: Host): Promise<void> {
  const total = { redriven: 0, handled: 0, dead: 0, dropped: 0, skipped: 0 };
  for (let round = 0; round < REDRIVES; round++) {
    const redrive = await deadLetters.redrive();
    for (const name of ['redriven', 'handled', 'dead', 'dropped', 'skipped'] as const) total[name] += redrive[name];
    if (redrive.dead === 0) break;
  }
  report({ kind: 'redriven', report: total });
}
