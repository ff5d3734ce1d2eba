import type { EventSubscription } from 'millrace';
import { RefusedError } from '../../shared/refused-error.ts';
import { headline, UserCreated, UserDeleted, type UserListener } from '../events.ts';

/** Posts what happens to accounts into a chat: one at a time, in order, which is the default. */
export function registerChatWebhook(users: UserListener, url: URL): EventSubscription {
  return users.on(
    [UserCreated, UserDeleted],
    async (event, { signal }) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': event.id },
        body: JSON.stringify({ text: headline(event) }),
        signal,
      });
      await response.text();
      if (!response.ok) throw new RefusedError(response);
    },
    {
      name: 'chat-webhook',
      timeoutMs: 2_000,
      retry: {
        maxAttempts: 5,
        // A busy chat says itself when.
        delayMs: (attempt, error) =>
          (error instanceof RefusedError ? error.retryAfterMs : undefined) ?? 100 * 2 ** (attempt - 1),
      },
    },
  );
}
