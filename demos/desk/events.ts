import { defineEvent } from 'millrace';
import * as z from 'zod';
import { QuakeReported, StrongQuakeSeen, SwarmFound } from '../shared/earthquakes/events.ts';

const alert = z.string().min(1);
const letter = z.string().min(1);
const count = z.int().min(1);

/** An attempt to send an alert has failed, and there will be another. */
export const AlertRetried = defineEvent(
  'alert.retried',
  z.object({ alert, attempt: count, error: z.string(), delayMs: z.number().min(0) }),
);

/** The endpoint has taken an alert. */
export const AlertSent = defineEvent('alert.sent', z.object({ alert, attempts: count }));

/** All attempts have failed: there is a dead letter. */
export const AlertDied = defineEvent(
  'alert.died',
  z.object({ alert, letter, attempts: count, reason: z.string(), error: z.string(), redriven: z.int().min(0) }),
);

/** Somebody who may has sent the alert of a dead letter on its way again. */
export const AlertRedriven = defineEvent('alert.redriven', z.object({ alert, letter }));

/** A page asks for a redrive; whether it may is the server's to say. */
export const RedriveRequested = defineEvent('redrive.requested', z.object({ letter }));

/** What the server tells its pages: all of it is in its log. */
export const told = [
  QuakeReported,
  StrongQuakeSeen,
  SwarmFound,
  AlertRetried,
  AlertSent,
  AlertDied,
  AlertRedriven,
] as const;

/** What pages may send, if they may. */
export const asked = [RedriveRequested] as const;
