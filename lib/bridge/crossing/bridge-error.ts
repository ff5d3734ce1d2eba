import { MillraceError } from '../../core/errors.ts';

/**
 * What went wrong on a bridge.
 *
 * - `NOT_ALLOWED`: an event that is not on the list of those that may cross
 * - `BRIDGE_GAP`: events that were lost on the way; see the bridge's `gaps`
 * - `BRIDGE_REFUSED`: the other side does not let us in, or does not take an event
 * - `BRIDGE_UNREACHABLE`: the other side cannot be reached, or was not heard of for too long
 */
export class BridgeError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'BridgeError';

  /** The HTTP status of a refusal. */
  readonly status: number | undefined;

  constructor(
    code: 'BRIDGE_GAP' | 'BRIDGE_REFUSED' | 'BRIDGE_UNREACHABLE' | 'NOT_ALLOWED',
    text: string,
    { status, ...options }: ErrorOptions & { readonly status?: number } = {},
  ) {
    super(code, text, options);
    this.status = status;
  }
}
