import { createBrokeredBus } from 'millrace';
import { aborted } from '../../shared/signals.ts';
import { UserSignedUp } from '../../sign-up/events.ts';
import { AuditLog, auditOptions } from '../../sign-up/services/audit-log.ts';
import { groupOf, type Host, type Settings } from './service.ts';
import { watchWith } from './watch.ts';

/** Keeps a line of each sign-up in a file. The handler is that of the in-process demo. */
export async function runAudit(host: Host, { run, auditFile }: Settings): Promise<void> {
  const { broker, report, told } = host;
  await using auditLog = await AuditLog.open(auditFile);
  // In process: createEventBus({ events: [UserSignedUp] })
  await using bus = createBrokeredBus(broker, {
    events: [UserSignedUp],
    group: groupOf(run, 'audit'),
    leaseMs: LEASE_MS,
    probe: watchWith(host),
  });
  bus.on(UserSignedUp, auditLog, auditOptions);
  bus.errors.subscribe(({ error }) => report({ kind: 'error', text: String(error) }));
  await bus.ready;
  report({ kind: 'ready' });
  await aborted(told('finish'));
}

/** Milliseconds after which the broker gives to another what a killed process had, where it has leases. */
const LEASE_MS = 2_000;
