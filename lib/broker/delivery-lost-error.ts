import { MillraceError } from '../core/errors.ts';

/** A delivery was settled that is not the subscription's any more: the broker has given it, or will give it, to another. */
export class DeliveryLostError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'DeliveryLostError';

  /** @param why - what became of it, such as `'its lease lapsed'` */
  constructor(id: string, why: string, options?: ErrorOptions) {
    super(
      'DELIVERY_LOST',
      `Expected the delivery of message '${id}' to be settled while it was yours, but ${why}. It comes again: let the work be repeatable, or extend() in time.`,
      options,
    );
  }
}
