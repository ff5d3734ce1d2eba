import { type SignUpBus, UserSignedUp } from './events.ts';
import type { AuditLog } from './services/audit-log.ts';
import type { PreferenceStore } from './services/preference-files.ts';
import { createPreferenceKeeper } from './services/preferences.ts';
import { createWelcomeMail, mailRetry } from './services/welcome-mail.ts';

/** What the services work with. */
export interface Services {
  /** Where mails are sent: `smtp://…`. */
  readonly mailUrl: URL;
  readonly auditLog: AuditLog;
  readonly preferences: PreferenceStore;
}

/** Registers three services side by side: none of them knows of another, and none is held up by another. This is the file to read first. */
export function openServices(bus: SignUpBus, { mailUrl, auditLog, preferences }: Services): void {
  // The world outside is slow, busy, and at times silent. A mail host gets one mail at a time: hosts turn away who sends them many at once.
  bus.on(UserSignedUp, createWelcomeMail(mailUrl), {
    name: 'welcome-mail',
    key: ({ data }) => data.email.slice(data.email.lastIndexOf('@') + 1),
    concurrency: 8,
    retry: mailRetry,
    timeoutMs: 800,
  });

  // One at a time, in order: the default.
  bus.on(UserSignedUp, auditLog, { name: 'audit-log', retry: { maxAttempts: 3 } });

  // Two writes of one file must not overlap; a user whose file cannot be written holds up nobody else.
  bus.on(UserSignedUp, createPreferenceKeeper(preferences), {
    name: 'preferences',
    key: ({ data }) => data.userId,
    concurrency: 4,
    retry: { maxAttempts: 3, delayMs: 50 },
  });
}
