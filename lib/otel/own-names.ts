/** How a handling has ended: `handled`, `dead` or `dropped`. */
export const OUTCOME = 'millrace.outcome';
/** Why it is dead, or was dropped. */
export const REASON = 'millrace.reason';
/** Which attempt, from 1. */
export const ATTEMPT = 'millrace.attempt';
/** Attempts that were made. */
export const ATTEMPTS = 'millrace.attempts';
/** Seconds in the waiting room. */
export const WAIT = 'millrace.wait.duration';
/** Seconds until the next attempt may start. */
export const RETRY_DELAY = 'millrace.retry.delay';
/** How often it was redriven, this time included. */
export const REDRIVEN = 'millrace.redriven';
/** The id of its dead letter. */
export const DEAD_LETTER_ID = 'millrace.dead_letter.id';

/** Span event: an attempt starts. */
export const ATTEMPT_STARTED = 'millrace.attempt.started';
/** Span event: an attempt has failed, and there will be another. */
export const ATTEMPT_FAILED = 'millrace.attempt.failed';

/** The name of a bus. */
export const BUS = 'millrace.bus';
/** The name of a broker. */
export const BROKER = 'millrace.broker';
/** The name of a channel. */
export const CHANNEL = 'millrace.channel';
/** The name of a projection. */
export const PROJECTION = 'millrace.projection';
/** What a projection does. */
export const PROJECTION_STATE = 'millrace.projection.state';
/** A state of a handler's circuit. */
export const CIRCUIT_STATE = 'millrace.circuit.state';
