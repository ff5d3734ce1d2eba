import type { HandlerContext, RetryPolicy } from 'millrace';
import { createTransport } from 'nodemailer';
import type { SignUpMessage } from '../events.ts';

/** Sends the mail of one sign-up. */
export type SendMail = (message: SignUpMessage, context: HandlerContext) => Promise<void>;

/** Makes a handler that sends mails. The signal ends the connection when its time is over. */
export function createWelcomeMail(server: URL): SendMail {
  const transport = createTransport({ host: server.hostname, port: Number(server.port), name: 'sign-up.example' });
  return async function sendWelcomeMail({ id, data }, { signal }) {
    await transport.sendMail({
      from: 'welcome@sign-up.example',
      to: { name: data.name, address: data.email },
      // The same in every attempt: a server that took the mail, and could not say so, knows it again.
      messageId: `<${id}@sign-up.example>`,
      subject: `${greetings[data.language]}, ${data.name}!`,
      text: `${greetings[data.language]}, ${data.name}!\n\nYour ${data.plan} plan is ready.\n`,
      signal,
    });
  };
}

const greetings: Readonly<Record<SignUpMessage['data']['language'], string>> = {
  de: 'Willkommen',
  en: 'Welcome',
  es: 'Bienvenidos',
  fr: 'Bienvenue',
  ja: 'ようこそ',
};

/** Six attempts, further and further apart. An address that the server refuses for good is asked only once. */
const mailRetry: RetryPolicy = {
  maxAttempts: 6,
  delayMs: 150,
  maxDelayMs: 2_000,
  jitter: 'equal',
  retryIf: (error) => !isPermanent(error),
};

/** How mails are sent: eight at a time, each with a time limit. */
export const mailOptions = { name: 'welcome-mail', concurrency: 8, retry: mailRetry, timeoutMs: 800 };

/** nodemailer marks 5xx answers so; 4xx answers, and connections that break, are worth another attempt. */
function isPermanent(error: unknown): boolean {
  return error instanceof Error && 'permanent' in error && error.permanent === true;
}
