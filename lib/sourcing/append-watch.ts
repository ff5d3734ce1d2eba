import { randomId } from '../core/ids.ts';
import { type EventMessage, stampMessage } from '../core/message.ts';
import type { ErrorReports } from '../process/error-reports.ts';
import type { Part } from '../process/probe.ts';
import { type Probes, Watch } from '../process/watch.ts';
import type { NewEvent } from './new-event.ts';

/** Tells the probes of a repository of what it appends. */
export class AppendWatch {
  readonly #watch: Watch;
  readonly #part: Part;

  constructor(name: string, probes: Probes | undefined, errors: ErrorReports) {
    this.#watch = new Watch(errors, probes);
    this.#part = { kind: 'repository', name, stats: () => ({}) };
  }

  /**
   * Appends events with the headers that probes add.
   *
   * @param events - complete, with their ids
   */
  async around<Result>(
    events: readonly NewEvent[],
    append: (sent: readonly NewEvent[]) => Promise<Result>,
  ): Promise<Result> {
    if (!this.#watch.heedsPublishing) return append(events);
    const messages = events.map((event) => this.#watch.publishing(messageOf(event), this.#part));
    try {
      const result = await append(events.map((event, index) => ({ ...event, headers: messages[index]!.headers })));
      for (const message of messages) this.#watch.published(message);
      return result;
    } catch (error) {
      for (const message of messages) this.#watch.published(message, error);
      throw error;
    }
  }
}

function messageOf({ type, data, time = 0, ...rest }: NewEvent): EventMessage {
  return stampMessage(type, data, time, randomId, undefined, rest);
}
