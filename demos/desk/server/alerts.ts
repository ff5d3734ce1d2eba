import {
  type DeadLetter,
  type EventMessage,
  type EventStore,
  HandlerTimeoutError,
  type Handling,
  type Projection,
  type RecordedEvent,
  runProjection,
} from 'millrace';
import { alertRetry, createAlertSender } from '../../shared/earthquakes/alert-sender.ts';
import { StrongQuakeSeen, SwarmFound } from '../../shared/earthquakes/events.ts';
import { textOf } from '../../shared/text.ts';
import { AlertDied, AlertRedriven, AlertRetried, AlertSent } from '../events.ts';
import type { DeskLog } from './desk-log.ts';

/** Much longer than an answer takes, also on a machine that is busy. */
const TIMEOUT_MS = 1_500;

export interface AlertsOptions {
  readonly store: EventStore;
  readonly log: DeskLog;
  /** Where alerts are posted. */
  readonly url: URL;
  /** Told of what cannot be recorded. */
  readonly onError: (error: unknown) => void;
}

/** Sends alerts, and redrives those that have died. */
export interface Alerts {
  readonly projection: Projection;
  /** Sends the alert of a dead letter on its way again, and resolves when that has ended. */
  redrive(letter: string): Promise<void>;
}

/**
 * Sends each alert of the log to an endpoint that is slow, busy, or broken. It is a projection: how far it is, and its dead letters, are in the store, so that a
 * restart forgets none. What becomes of each alert is recorded in turn, for pages to show.
 */
export function sendAlerts({ store, log, url, onError }: AlertsOptions): Alerts {
  const send = createAlertSender(url);
  const projection = runProjection(
    store,
    {
      name: 'alerts',
      events: [StrongQuakeSeen, SwarmFound],
      on: async (alert, context) => {
        await send(alert, context);
        // Before the alert counts as handled: after a crash in between it is sent again, and the endpoint knows it by its id.
        const data = { alert: alert.id, attempts: context.attempt };
        await log.record(AlertSent.create(data, { id: `sent-${alert.id}` }));
      },
      concurrency: 8,
      retry: alertRetry,
      timeoutMs: TIMEOUT_MS,
      onFailure: 'dead-letter',
    },
    {
      probe: {
        retried: ({ event, attempts }: Handling, { error, delayMs }) => {
          const { id: alert } = event as RecordedEvent;
          note(AlertRetried.create({ alert, attempt: attempts, error: wordsOf(error), delayMs: Math.round(delayMs) }));
        },
      },
    },
  );
  projection.deadLetters.subscribe((letter) => note(died(letter)));
  // A crash may have come between a letter and its record.
  projection.deadLetters.list().then((letters) => letters.forEach((letter) => note(died(letter))), onError);

  return {
    projection,
    async redrive(id) {
      const filter = (letter: DeadLetter<RecordedEvent>): boolean => letter.id === id;
      const [letter] = await projection.deadLetters.list({ filter });
      // Somebody else was quicker.
      if (letter === undefined) return;
      await log.record(AlertRedriven.create({ alert: letter.event.id, letter: id }));
      await projection.deadLetters.redrive({ filter });
    },
  };

  function note(event: EventMessage): void {
    log.record(event).catch(onError);
  }
}

function died({ id, event, attempts, reason, error, redriven }: DeadLetter<RecordedEvent>): EventMessage {
  const data = { alert: event.id, letter: id, attempts: attempts.length, reason, error: wordsOf(error), redriven };
  return AlertDied.create(data, { id: `died-${id}` });
}

/** As short as a page can show it. */
function wordsOf(error: unknown): string {
  if (error instanceof HandlerTimeoutError) return `no answer in ${TIMEOUT_MS / 1_000} s`;
  const text = textOf(error);
  return text.includes('ECONNRESET') || text === 'other side closed' ? 'connection lost' : text;
}
