/**
 * The stable codes of this library's errors. Texts may be reworded between versions; codes stay.
 */
export type ErrorCode =
  | 'ABANDONED'
  | 'ASYNC_SCHEMA'
  | 'BRIDGE_GAP'
  | 'BRIDGE_REFUSED'
  | 'BRIDGE_UNREACHABLE'
  | 'BROKER_UNAVAILABLE'
  | 'CIRCUIT_OPEN'
  | 'CLOSED'
  | 'DELIVERY_LOST'
  | 'DUPLICATE_DEFINITION'
  | 'DUPLICATE_EVENT'
  | 'DUPLICATE_HANDLER'
  | 'EMIT_LOOP'
  | 'EXHAUSTED'
  | 'INVALID_HANDLER'
  | 'INVALID_MESSAGE'
  | 'INVALID_OPTION'
  | 'INVALID_PATTERN'
  | 'INVALID_TYPE'
  | 'IN_TRANSACTION'
  | 'LEASE_LOST'
  | 'NOT_ALLOWED'
  | 'NOT_JSON'
  | 'OUTCOME_UNKNOWN'
  | 'OVERFLOW'
  | 'PROJECTION_STOPPED'
  | 'SCHEMA'
  | 'SELF_DEADLOCK'
  | 'STORE_FORMAT'
  | 'STORE_UNAVAILABLE'
  | 'STREAM_DELETED'
  | 'SUPERSEDED'
  | 'TIMEOUT'
  | 'TOPOLOGY'
  | 'UNKNOWN_EVENT'
  | 'VERSION_CONFLICT'
  | 'WRONG_HISTORY';

/**
 * Any error that this library raises by itself. Its text says what was expected, what came, and what to do;
 * `code` is stable and `cause` keeps the error behind it.
 */
export class MillraceError extends Error {
  /** What went wrong, for programs. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, text: string, options?: ErrorOptions) {
    super(text, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** An option, argument or definition that cannot work; raised where it is given, never later. */
export class InvalidOptionError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'InvalidOptionError';

  constructor(text: string, code: ErrorCode = 'INVALID_OPTION', options?: ErrorOptions) {
    super(code, text, options);
  }
}

/** Something was sent into a bus, subject or processor that is closed or draining. */
export class ClosedError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'ClosedError';

  constructor(what: string) {
    super(
      'CLOSED',
      `Expected ${what} to be open, got one that is closed or draining. Use it before close() and drain().`,
    );
  }
}

/** Something with `overflow: 'fail'` had no room: a handler, which has not taken the event, or an operator. */
export class OverflowError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'OverflowError';

  constructor(
    where: string,
    remedy: string = 'Raise capacity or concurrency, await publish(), or choose another overflow.',
  ) {
    super('OVERFLOW', `Expected room in ${where}, got a full one. ${remedy}`);
  }
}

/** An attempt took longer than the handler's `timeoutMs`. It is also the reason of the attempt's aborted `signal`. */
export class HandlerTimeoutError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'HandlerTimeoutError';

  constructor(handler: string, timeoutMs: number) {
    super(
      'TIMEOUT',
      `Expected handler '${handler}' to end within ${timeoutMs} ms, got no result. Raise timeoutMs or heed context.signal.`,
    );
  }
}
