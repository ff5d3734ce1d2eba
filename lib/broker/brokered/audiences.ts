import type { Observable, SchedulerLike, Subscription } from 'rxjs';
import type { Topic } from '../../bus/topic.ts';
import type { EventMessage } from '../../core/message.ts';
import type { ErrorReports } from '../../process/error-reports.ts';

/** What audiences need of their bus. */
export interface AudiencesOptions {
  /** What is published of a topic from now on. */
  readonly feedOf: (topic: Topic) => Observable<EventMessage>;
  readonly scheduler: SchedulerLike;
  readonly errors: ErrorReports;
}

/** Who listens to the subjects of a bus: each has its feed open as long as anybody does. */
export class Audiences {
  readonly #options: AudiencesOptions;
  readonly #audiences = new Map<Topic, Audience>();

  constructor(options: AudiencesOptions) {
    this.#options = options;
  }

  /** Somebody listens to a topic until this subscription ends. */
  join(topic: Topic, subscription: Subscription): void {
    let audience = this.#audiences.get(topic);
    if (audience === undefined) this.#audiences.set(topic, (audience = new Audience(() => this.#listen(topic))));
    audience.join(subscription);
  }

  #listen(topic: Topic): Subscription {
    const { feedOf, scheduler, errors } = this.#options;
    return feedOf(topic).subscribe({
      next: (message) => void topic.deliver(message, scheduler.now()),
      error: (error) => errors.report('broker', error),
    });
  }
}

class Audience {
  readonly #listen: () => Subscription;
  #count = 0;
  #feed: Subscription | undefined;

  /** @param listen - opens the feed */
  constructor(listen: () => Subscription) {
    this.#listen = listen;
  }

  join(subscription: Subscription): void {
    if (this.#count++ === 0) this.#feed = this.#listen();
    subscription.add(() => {
      if (--this.#count > 0) return;
      this.#feed?.unsubscribe();
      this.#feed = undefined;
    });
  }
}
