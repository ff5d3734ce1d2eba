import { type AttemptSender, BusAttempt } from '../../bus/bus-attempt.ts';
import type { EventMessage } from '../../core/message.ts';
import type { Attempt } from '../../process/attempt.ts';
import type { BrokerDelivery } from '../broker-delivery.ts';
import { DeliveryLostError } from '../delivery-lost-error.ts';
import type { BrokerMessage } from '../broker-message.ts';
import { ArrivedMessage } from './arrival.ts';

/** The context of a brokered bus's handlers: its signal is aborted, too, when the broker takes the delivery back. */
export class BrokeredAttempt extends BusAttempt {
  /** Where a transactional handler's messages go until its event is acknowledged. */
  readonly outputs: BrokerMessage[] | undefined;
  #isLinked = false;

  constructor(
    sender: AttemptSender,
    owner: object,
    event: EventMessage,
    attempt: number,
    awaitedBy: Attempt<unknown> | undefined,
    isTransactional: boolean,
  ) {
    super(sender, owner, event, attempt, awaitedBy);
    const arrival = isTransactional ? ArrivedMessage.arrivalOf(event) : undefined;
    // What the attempt before has sent, or may still send, is forgotten with it.
    if (arrival !== undefined) arrival.outputs = this.outputs = [];
  }

  /** How often the event was delivered by now; of a batch, the one that was most often. Once, if it came back from the dead letters. */
  get deliveryCount(): number {
    const counts = this.#deliveries.map(({ deliveryCount }) => deliveryCount);
    return Math.max(1, ...counts);
  }

  override get signal(): AbortSignal {
    if (!this.#isLinked) this.#link();
    return super.signal;
  }

  get #deliveries(): readonly BrokerDelivery[] {
    // With batches it is an array.
    const events: readonly EventMessage[] = [this.event].flat();
    return events.flatMap((event) => ArrivedMessage.arrivalOf(event)?.delivery ?? []);
  }

  #link(): void {
    this.#isLinked = true;
    for (const { signal } of this.#deliveries) {
      const abort = (): void => {
        if (signal.reason instanceof DeliveryLostError) this.abort(signal.reason);
      };
      if (signal.aborted) abort();
      else signal.addEventListener('abort', abort, { once: true });
    }
  }
}
