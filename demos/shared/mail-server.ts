import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';

/** A mail, as far as demos look at it. */
export interface ReceivedMail {
  /** Whoever sends a mail twice gives both the same, so that the receiver knows it again. */
  readonly messageId: string;
  readonly to: readonly string[];
}

/** A mail server on a free port of this machine. */
export interface MailServer extends AsyncDisposable {
  /** `smtp://…`, which nodemailer takes as it is. */
  readonly url: URL;
}

/**
 * @param take - takes each mail; what it throws is the server's answer, with the `responseCode` of the error
 */
export async function serveMail(take: (mail: ReceivedMail) => Promise<void> | void): Promise<MailServer> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    // Whoever is still connected when all is over has nothing more to say.
    closeTimeout: 50,
    onData: (stream, session, done) => void answer(stream, session, done),
  });
  // A client that hangs up is no error of the server.
  server.on('error', () => undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    url: new URL(`smtp://127.0.0.1:${port}`),
    async [Symbol.asyncDispose]() {
      await new Promise<void>((closed) => {
        server.close(closed);
      });
    },
  };

  async function answer(
    stream: Readable,
    { envelope }: SMTPServerSession,
    done: (error?: Error | null) => void,
  ): Promise<void> {
    try {
      const messageId = messageIdOf(await text(stream));
      await take({ messageId, to: envelope.rcptTo.map(({ address }) => address) });
      done();
    } catch (error) {
      done(error as Error);
    }
  }
}

function messageIdOf(mail: string): string {
  return /^Message-ID: <(.+)>/im.exec(mail)?.[1] ?? 'none';
}
