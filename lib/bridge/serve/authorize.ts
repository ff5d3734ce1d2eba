import type { EventMessage, PlainMessage } from '../../core/message.ts';
import { ProblemError } from './problem.ts';

/** What a request asks for. */
export type BridgeRequest =
  | {
      /** Wants to be sent events. */
      readonly kind: 'subscribe';
      /** The types that may be sent. */
      readonly types: readonly string[];
      /** Where it wants to go on, as it says. */
      readonly lastEventId: string | undefined;
    }
  | {
      /** Wants to send events; its body was not read yet, and stays unread if it may not. */
      readonly kind: 'publish';
      /** The types that may come. */
      readonly types: readonly string[];
    };

/** An answer to a request: all of it, none of it, not before it says who it is, or only the events that a function lets through. */
export type Permission = boolean | 'unauthenticated' | ((event: PlainMessage) => boolean);

/** Decides what a request may do. If it throws, it may not. */
export type Authorize = (request: Request, asked: BridgeRequest) => Permission | Promise<Permission>;

/**
 * Asks whether a request may do what it asks for.
 *
 * @returns which events
 * @throws ProblemError if it may not; what `authorize` throws
 */
export async function permitted(
  authorize: Authorize | undefined,
  request: Request,
  asked: BridgeRequest,
): Promise<(event: EventMessage | PlainMessage) => boolean> {
  if (authorize === undefined) return everything;
  const permission = await authorize(request, asked);
  if (permission === true) return everything;
  if (typeof permission === 'function') return permission;
  if (permission === 'unauthenticated') {
    throw new ProblemError({
      status: 401,
      detail: `Expected a request that says who sends it, got one that does not. Sign in, and ${asked.kind} again.`,
      headers: { 'www-authenticate': 'Bearer' },
    });
  }
  throw new ProblemError({
    status: 403,
    detail: `Expected somebody who may ${asked.kind} here, got a request that authorize has refused. Sign in as somebody who may.`,
  });
}

function everything(): boolean {
  return true;
}
