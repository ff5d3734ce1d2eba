import { createHash } from 'node:crypto';
import type { ConfirmedReport, EventBus } from 'millrace';
import { type SignUpRequest, UserSignedUp } from '../../sign-up/events.ts';
import type { Answer } from '../../sign-up/intake/answer.ts';
import type { Intake } from '../../sign-up/intake/endpoint.ts';
import { readRequest } from '../../sign-up/intake/read-request.ts';

/** Sign-ups that the broker has yet to confirm; beyond that, whoever comes is asked to come again. */
const MAX_UNCONFIRMED = 100;

/** Takes sign-ups, and says so when the broker has them: from then on they are not lost, whatever becomes of this process. */
export class ConfirmedRegistration implements Intake {
  readonly #bus: EventBus<typeof UserSignedUp, ConfirmedReport>;
  readonly #run: string;
  /** Addresses that have signed up, since this process began. */
  readonly #known = new Set<string>();
  #unconfirmed = 0;

  constructor(bus: EventBus<typeof UserSignedUp, ConfirmedReport>, run: string) {
    this.#bus = bus;
    this.#run = run;
  }

  async take(body: string): Promise<Answer> {
    const { request, refusal } = readRequest(body);
    if (refusal !== undefined) return refusal;
    if (this.#known.has(request.email)) {
      return { code: 'duplicate', error: 'Expected an address that has not signed up yet.' };
    }
    if (this.#unconfirmed >= MAX_UNCONFIRMED) {
      return { code: 'busy', error: 'Expected fewer sign-ups at a time; come again.' };
    }
    return this.#publish(request);
  }

  async #publish(request: SignUpRequest): Promise<Answer> {
    const { email } = request;
    const { userId, eventId } = this.#idsOf(email);
    this.#known.add(email);
    this.#unconfirmed++;
    try {
      await this.#bus.publish(UserSignedUp, { ...request, userId }, { id: eventId, subject: userId });
      return { code: 'accepted', userId, eventId };
    } catch (error) {
      // The broker may have it all the same. Whoever comes again brings the same event.
      this.#known.delete(email);
      return { code: 'busy', error: `Expected the broker to confirm, got: ${(error as Error).message}` };
    } finally {
      this.#unconfirmed--;
    }
  }

  /** From the address: if this process dies before it has answered, the next one gives the same sign-up the same ids, by which it is known everywhere. */
  #idsOf(email: string): { readonly userId: string; readonly eventId: string } {
    const digest = createHash('sha256').update(`${this.#run}/${email}`).digest('hex');
    return { userId: `u-${digest.slice(0, 8)}`, eventId: digest.slice(0, 32) };
  }
}
