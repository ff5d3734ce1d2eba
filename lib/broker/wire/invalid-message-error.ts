import { MillraceError } from '../../core/errors.ts';

/** A message from a broker that is no event that the handler could be given. Its bytes are kept in its dead letter. */
export class InvalidMessageError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'InvalidMessageError';

  constructor(expected: string, got: string, options?: ErrorOptions) {
    super(
      'INVALID_MESSAGE',
      `Expected ${expected}, got ${got}. Look at the letter's bytes and headers, and correct its sender.`,
      options,
    );
  }
}
