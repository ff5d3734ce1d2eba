import type { SchedulerLike } from 'rxjs';
import type { CheckedSubscription } from '../broker/check-subscription.ts';
import type { GroupPlan } from './group-consumer.ts';
import type { JetStreamApi } from './jet-stream-api.ts';
import type { Link } from './link.ts';
import type { Mailbox } from './mailbox.ts';
import type { Stream } from './stream.ts';
import type { Subjects } from './subjects.ts';

/** What the parts of a broker share. */
export interface JetStreamContext {
  readonly link: Link;
  readonly mailbox: Mailbox;
  readonly api: JetStreamApi;
  readonly stream: Stream;
  readonly subjects: Subjects;
  readonly scheduler: SchedulerLike;
  readonly inboxPrefix: string;
  /** A subject that nobody else has. */
  readonly newInbox: () => string;
  /** @throws InvalidOptionError for a topic that NATS cannot have */
  planOf(subscription: CheckedSubscription): GroupPlan;
}
