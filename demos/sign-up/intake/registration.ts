import { randomUUID } from 'node:crypto';
import { createUuidV7, type DeliveryReport } from 'millrace';
import { Subject } from 'rxjs';
import { type SignUpBus, type SignUpRequest, UserSignedUp } from '../events.ts';
import type { Answer } from './answer.ts';
import { readRequest } from './read-request.ts';

/** Sign-ups that the services are still at work on; beyond that, whoever comes is asked to come again. */
const MAX_UNSETTLED = 100;

/** A sign-up that was accepted. */
export interface SignUp {
  readonly userId: string;
  readonly eventId: string;
}

/** A sign-up that every service is done with, one way or the other. */
export interface SettledSignUp extends SignUp {
  readonly report: DeliveryReport;
}

/** Takes sign-ups, or says why not. */
export class Registration {
  readonly reports: Subject<SettledSignUp> = new Subject();
  readonly #bus: SignUpBus;
  readonly #createId = createUuidV7();
  /** Addresses that have signed up. */
  readonly #known: Set<string>;
  readonly #accepted: SignUp[] = [];
  readonly #unsettled = new Set<Promise<void>>();
  #isClosed = false;

  /** @param known - addresses that have signed up before */
  constructor(bus: SignUpBus, known: Iterable<string>) {
    this.#bus = bus;
    this.#known = new Set(known);
  }

  /** In the order in which they were accepted. */
  get accepted(): readonly SignUp[] {
    return this.#accepted;
  }

  /** Answers to the body of a request, at once: the services work after that. */
  take(body: string): Answer {
    if (this.#isClosed) return { code: 'closing', error: 'Expected a service that goes on; this one is about to end.' };
    const { request, refusal } = readRequest(body);
    if (refusal !== undefined) return refusal;
    if (this.#known.has(request.email)) {
      return { code: 'duplicate', error: 'Expected an address that has not signed up yet.' };
    }
    if (this.#unsettled.size >= MAX_UNSETTLED) {
      return { code: 'busy', error: 'Expected fewer sign-ups at a time; come again.' };
    }
    return { code: 'accepted', ...this.#accept(request) };
  }

  /** From now on nobody is taken. */
  close(): void {
    this.#isClosed = true;
  }

  /** Resolves when the services are done with every sign-up. */
  async settled(): Promise<void> {
    await Promise.all(this.#unsettled);
  }

  #accept(request: SignUpRequest): SignUp {
    const signUp = { userId: `u-${randomUUID().slice(0, 8)}`, eventId: this.#createId(Date.now()) };
    this.#known.add(request.email);
    this.#accepted.push(signUp);
    const { userId, eventId } = signUp;
    const delivery = this.#bus.publish(UserSignedUp, { ...request, userId }, { id: eventId, subject: userId });
    // The report comes when every service has ended, also when one has failed.
    const settled = delivery.then((report) => {
      this.#unsettled.delete(settled);
      this.reports.next({ ...signUp, report });
    });
    this.#unsettled.add(settled);
    return signUp;
  }
}
