import type { KafkaAdmin, KafkaClient, KafkaRetry } from './kafka-client.ts';

/** An administrator and those who wait for its answers: a connection that is closed under them would be opened again by the client. */
export class AdminSeat {
  readonly #admin: KafkaAdmin;
  readonly #connected: Promise<void>;
  #asking = 0;
  #isGivenUp = false;
  #gone!: () => void;
  /** Resolves when it is given up, and nobody waits for it any more. */
  readonly gone: Promise<void> = new Promise((resolve) => {
    this.#gone = resolve;
  });

  constructor(client: KafkaClient, retry: KafkaRetry) {
    this.#admin = client.admin({ retry });
    this.#connected = this.#admin.connect();
    // Whoever asks is told.
    this.#connected.catch(() => undefined);
  }

  async ask<Answer>(question: (admin: KafkaAdmin) => Promise<Answer>): Promise<Answer> {
    this.#asking++;
    try {
      await this.#connected;
      return await question(this.#admin);
    } finally {
      this.#asking--;
      if (this.#isGivenUp) void this.#hangUp();
    }
  }

  /** Ends its connections, at once and when nobody waits any more. */
  giveUp(): void {
    this.#isGivenUp = true;
    void this.#hangUp();
  }

  async #hangUp(): Promise<void> {
    await this.#admin.disconnect().catch(() => undefined);
    if (this.#asking === 0) this.#gone();
  }
}
