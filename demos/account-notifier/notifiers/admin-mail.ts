import type { EventSubscription } from 'millrace';
import { createTransport } from 'nodemailer';
import { headline, UserCreated, UserDeleted, type UserListener } from '../events.ts';

export interface AdminMailOptions {
  readonly server: URL;
  readonly admin: string;
}

/** Mails the admin what happens to accounts: two mails at a time, but those about one account in order. */
export function registerAdminMail(users: UserListener, { server, admin }: AdminMailOptions): EventSubscription {
  const transport = createTransport(server.href);
  return users.on(
    [UserCreated, UserDeleted],
    async (event, { signal }) => {
      const text = headline(event);
      // The same in every attempt: a mailbox that took the mail, and could not say so, knows it again.
      const messageId = `<${event.id}@accounts.example>`;
      const from = 'accounts@accounts.example';
      await transport.sendMail({ from, to: admin, subject: text, text, messageId, signal });
    },
    { name: 'admin-mail', key: ({ data }) => data.email, concurrency: 2, retry: { maxAttempts: 3 }, timeoutMs: 5_000 },
  );
}
