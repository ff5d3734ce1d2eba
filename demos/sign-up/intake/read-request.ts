import { type SignUpRequest, signUpRequest } from '../events.ts';
import type { Answer } from './answer.ts';

const EXAMPLE = '{"email":"ada@engine.example","name":"Ada","plan":"free"}';

/** What a body is: a request, or something that is answered at once. */
export type Reading =
  | { readonly request: SignUpRequest; readonly refusal?: never }
  | { readonly request?: never; readonly refusal: Answer };

export function readRequest(body: string): Reading {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    const got = (error as Error).message;
    return { refusal: { code: 'malformed', error: `Expected JSON such as ${EXAMPLE}, got: ${got}.` } };
  }
  const { data, error } = signUpRequest.safeParse(json);
  if (error === undefined) return { request: data };
  const issues = error.issues.map(({ path, message }) => ({ path: path.join('.') || 'data', message }));
  return { refusal: { code: 'invalid', error: `Expected data such as ${EXAMPLE}.`, issues } };
}
