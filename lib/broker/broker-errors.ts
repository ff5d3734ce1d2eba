import { MillraceError } from '../core/errors.ts';

/** The broker's server cannot be reached, or does not let us in, or does not do as it is asked. */
export class BrokerUnavailableError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'BrokerUnavailableError';

  constructor(text: string, options?: ErrorOptions) {
    super('BROKER_UNAVAILABLE', text, options);
  }
}

/** What is needed on the broker's server, such as a stream, a topic or a queue, is missing, is made otherwise, or may not be made. */
export class TopologyError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'TopologyError';

  constructor(text: string, options?: ErrorOptions) {
    super('TOPOLOGY', text, options);
  }
}
