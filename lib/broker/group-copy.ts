import type { Lane } from '../flow/lanes.ts';
import type { StoredMessage } from './memory-log.ts';

/** A message as one group has it. */
export class GroupCopy {
  readonly stored: StoredMessage;
  deliveryCount = 0;
  /** Where it stood; the lane is free again when the copy is settled. */
  lane: Lane<GroupCopy> | undefined = undefined;

  constructor(stored: StoredMessage) {
    this.stored = stored;
  }
}
