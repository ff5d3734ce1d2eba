import { createBrokeredBus } from 'millrace';
import { aborted } from '../../shared/signals.ts';
import { UserSignedUp } from '../../sign-up/events.ts';
import { serveSignUps } from '../../sign-up/intake/endpoint.ts';
import { ConfirmedRegistration } from './confirmed-registration.ts';
import { groupOf, type Host, type Settings } from './service.ts';

/** Takes sign-ups, and answers when the broker has them. */
export async function runWeb({ broker, report, told }: Host, { run, port }: Settings): Promise<void> {
  // In process: createEventBus({ events: [UserSignedUp], source: 'sign-up' })
  await using bus = createBrokeredBus(broker, {
    events: [UserSignedUp],
    source: 'sign-up',
    group: groupOf(run, 'web'),
  });
  bus.errors.subscribe(({ error }) => report({ kind: 'error', text: String(error) }));
  await using endpoint = await serveSignUps(new ConfirmedRegistration(bus, run), port);
  report({ kind: 'serving', url: endpoint.url.href });
  report({ kind: 'ready' });
  await aborted(told('finish'));
}
