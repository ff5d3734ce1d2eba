/** What can be answered to a request, and the HTTP status that says so. */
export const statusOf = {
  accepted: 202,
  malformed: 400,
  invalid: 400,
  duplicate: 409,
  'too large': 413,
  busy: 503,
  closing: 503,
} as const;

export type AnswerCode = keyof typeof statusOf;

/** The body of an answer. */
export interface Answer {
  readonly code: AnswerCode;
  /** Of an accepted request: who has signed up, and the event that tells of it. */
  readonly userId?: string;
  readonly eventId?: string;
  /** Of any other: what was expected, and what came instead. */
  readonly error?: string;
  /** What does not fit the schema, and where. */
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
}
