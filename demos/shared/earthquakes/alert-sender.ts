import type { HandlerContext, RetryPolicy } from 'millrace';
import { RefusedError } from '../refused-error.ts';
import { type Alert, headline } from './events.ts';

/** Makes a handler that posts alerts. The signal ends the request when its time is over. */
export function createAlertSender(url: URL) {
  return async function sendAlert(alert: Alert, { signal }: HandlerContext): Promise<void> {
    const response = await fetch(url, {
      method: 'POST',
      // The same in every attempt: an endpoint that took the alert, and could not say so, knows it again.
      headers: { 'content-type': 'application/json', 'idempotency-key': alert.id },
      body: JSON.stringify({ text: headline(alert) }),
      signal,
    });
    await response.text();
    if (!response.ok) throw new RefusedError(response);
  };
}

/** Four attempts, further and further apart, unless the endpoint itself says when. */
export const alertRetry: RetryPolicy = {
  maxAttempts: 4,
  delayMs: (attempt, error) =>
    (error instanceof RefusedError ? error.retryAfterMs : undefined) ?? 100 * 2 ** (attempt - 1),
};
