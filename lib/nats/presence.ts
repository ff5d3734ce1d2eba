import type { JetStreamContext } from './jet-stream-context.ts';
import type { NatsInterest } from './nats-client.ts';

const NOTHING = /* @__PURE__ */ new Uint8Array();

/**
 * A member of an ephemeral group, for others to see: it listens on a subject that is the group's. Who leaves asks whether anybody is still there, and ends the group if not,
 * also when the others belong to other clients.
 */
export class Presence {
  readonly #context: JetStreamContext;
  readonly #group: string;
  readonly #subject: string;
  readonly #interest: NatsInterest;

  constructor(context: JetStreamContext, group: string) {
    const { link, inboxPrefix, stream } = context;
    this.#context = context;
    this.#group = group;
    this.#subject = `${inboxPrefix}.millrace.${stream.name}.${group}`;
    this.#interest = link.client.subscribe(this.#subject, {
      callback: (error, { reply }) => {
        if (error === null && reply) link.client.publish(reply, NOTHING);
      },
    });
  }

  /** Ends the group if nobody else is there. A server that is away ends it by itself, a while later. */
  async leave(): Promise<void> {
    const { link, api, stream } = this.#context;
    if (!link.client.isClosed()) this.#interest.unsubscribe();
    if (!link.isConnected || (await this.#isSomebodyThere())) return;
    const patience = new AbortController();
    const path = `CONSUMER.DELETE.${stream.name}.${this.#group}`;
    const deleted = api.ask(path, undefined, patience.signal).then(
      () => patience.abort(),
      () => patience.abort(),
    );
    await api.pause(GOODBYE_MS, patience.signal);
    patience.abort(new Error('The server did not answer.'));
    await deleted;
  }

  /** The server itself answers for a subject on which nobody listens. */
  #isSomebodyThere(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#context.mailbox.post(this.#subject, NOTHING, {
        replied: ({ headers }) => resolve(headers?.code !== 503),
        lost: () => resolve(true),
        severed: () => resolve(true),
      });
    });
  }
}

/** Milliseconds for the server to end a group. */
const GOODBYE_MS = 2_000;
