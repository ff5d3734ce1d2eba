import { randomBytes } from 'node:crypto';
import { serviceUrl } from './services.ts';

/** A server that specs share, if there is one: what they make on it has names of their own. */
export const natsUrl: string | undefined = await serviceUrl('nats');

/** A name that nobody else has on the shared server. */
export function ownName(what: string): string {
  return `${what}-${randomBytes(5).toString('hex')}`;
}
