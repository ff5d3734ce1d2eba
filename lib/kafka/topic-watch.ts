import type { Subscription } from 'rxjs';
import type { SubscriptionSurroundings } from './subscription-surroundings.ts';

/** Looks now and then whether there are other topics than before; at once when this client has made one. */
export class TopicWatch {
  readonly #around: SubscriptionSurroundings;
  readonly #look: () => Promise<void>;
  readonly #unlisten: () => void;
  #timer: Subscription | undefined;
  #isOver = false;

  /** @param look - is called again and again; it may fail */
  constructor(around: SubscriptionSurroundings, look: () => Promise<void>) {
    this.#around = around;
    this.#look = look;
    this.#unlisten = around.topics.onMade(() => void this.#tryToLook());
    this.#lookLater();
  }

  stop(): void {
    this.#isOver = true;
    this.#unlisten();
    this.#timer?.unsubscribe();
  }

  #lookLater(): void {
    const { scheduler, topicRefreshMs } = this.#around.options;
    this.#timer = scheduler.schedule(() => {
      void this.#tryToLook().then(() => {
        if (!this.#isOver) this.#lookLater();
      });
    }, topicRefreshMs);
  }

  async #tryToLook(): Promise<void> {
    try {
      await this.#look();
    } catch {
      // The next time.
    }
  }
}
