import type { JetStreamContext } from './jet-stream-context.ts';
import type { NatsMessage } from './nats-client.ts';

/** Milliseconds that the request waits at the server. */
const EXPIRES_MS = 5;
/** Milliseconds for the server to answer. */
const ANSWER_MS = 500;

/**
 * Makes the server look through the requests that wait for messages, and drop those for which nobody listens, by one more.
 *
 * Servers 2.9 look only when there is nothing to give. If there was something to give again, as with a `nak` right after an unsubscription, they would forget about it until
 * its lease lapses, and give the message before it twice.
 *
 * @param subject - where the consumer takes requests
 * @param take - given the message, should there be one
 */
export async function sweep(
  { link: { client }, api, newInbox }: JetStreamContext,
  subject: string,
  take: (message: NatsMessage) => void,
): Promise<void> {
  const inbox = newInbox();
  const answered = new AbortController();
  const interest = client.subscribe(inbox, {
    callback: (error, message) => {
      if (error === null && message.subject !== inbox) take(message);
      answered.abort();
    },
  });
  const request = JSON.stringify({ batch: 1, expires: EXPIRES_MS * 1_000_000 });
  client.publish(subject, new TextEncoder().encode(request), { reply: inbox });
  await api.pause(ANSWER_MS, answered.signal);
  if (!client.isClosed()) interest.unsubscribe();
}
