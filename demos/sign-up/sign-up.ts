import { type SignUpBus, UserSignedUp } from './events.ts';
import { type AuditLog, auditOptions } from './services/audit-log.ts';
import type { PreferenceStore } from './services/preference-files.ts';
import { createPreferenceKeeper } from './services/preferences.ts';
import { mailOptions, type SendMail } from './services/welcome-mail.ts';

/** What the services work with. */
export interface Services {
  readonly sendWelcomeMail: SendMail;
  readonly auditLog: AuditLog;
  readonly preferences: PreferenceStore;
}

/** Registers three services side by side: none of them knows of another, and none is held up by another. This is the file to read first. */
export function openServices(bus: SignUpBus, { sendWelcomeMail, auditLog, preferences }: Services): void {
  // The world outside is slow, busy, and at times silent. A mail host gets one mail at a time: hosts turn away who sends them many at once.
  bus.on(UserSignedUp, sendWelcomeMail, {
    ...mailOptions,
    key: ({ data }) => data.email.slice(data.email.lastIndexOf('@') + 1),
  });

  // One at a time, in order: the default.
  bus.on(UserSignedUp, auditLog, auditOptions);

  // Two writes of one file must not overlap; a user whose file cannot be written holds up nobody else.
  bus.on(UserSignedUp, createPreferenceKeeper(preferences), {
    name: 'preferences',
    key: ({ data }) => data.userId,
    concurrency: 4,
    retry: { maxAttempts: 3, delayMs: 50 },
  });
}
