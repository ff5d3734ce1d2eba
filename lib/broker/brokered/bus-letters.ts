import { filter, firstValueFrom, map, merge } from 'rxjs';
import type { Topics } from '../../bus/topics.ts';
import type { DeadLetter } from '../../core/dead-letter.ts';
import { ClosedError } from '../../core/errors.ts';
import type { EventMessage } from '../../core/message.ts';
import { createDeadLetterQueue, type DeadLetterQueue } from '../../process/dead-letter-queue.ts';
import type { ErrorReports, ReportedError } from '../../process/error-reports.ts';
import { letterId } from '../../process/letter-id.ts';
import type { DrainReport } from '../../process/stats.ts';
import type { Broker } from '../broker.ts';
import { TopologyError } from '../broker-errors.ts';
import type { BrokerLetterStore } from '../broker-letter-store.ts';
import type { BrokerMessage } from '../broker-message.ts';
import { cloudEvent } from '../wire/cloud-event.ts';
import { Arrival } from './arrival.ts';
import { brokerDeadLetters } from './broker-dead-letters.ts';
import type { BrokeredHubSettings } from './brokered-hub-options.ts';
import type { Decoder } from './decoder.ts';

/** Where the dead letters of a brokered bus go: where its user wants them, to its broker, or, if that keeps none, to memory. */
export class BusLetters {
  readonly queue: DeadLetterQueue;
  /** On the broker. */
  readonly #store: BrokerLetterStore | undefined;
  readonly #topics: Topics;
  readonly #settings: BrokeredHubSettings;
  readonly #decoder: Decoder;
  /** Nothing is kept any more. */
  #isClosed = false;

  constructor(broker: Broker, settings: BrokeredHubSettings, topics: Topics, decoder: Decoder) {
    const { deadLetters, scheduler, group } = settings;
    this.#topics = topics;
    this.#settings = settings;
    this.#decoder = decoder;
    const isOnBroker = deadLetters === undefined && broker.capabilities.letterStores;
    this.#store = isOnBroker ? broker.letterStore(group) : undefined;
    const store =
      this.#store &&
      brokerDeadLetters({
        letters: this.#store,
        group,
        encode: (event) => this.#encode(event),
        peek: (arrival) => decoder.peek(arrival),
      });
    this.queue = deadLetters ?? createDeadLetterQueue({ scheduler, ...(store && { store }) });
  }

  /**
   * Looks for where they are kept.
   *
   * @throws TopologyError when it is missing, and the broker may not make it: a dead event could never be acknowledged
   */
  async ready(): Promise<void> {
    try {
      await this.#store?.check?.();
    } catch (error) {
      // A broker that is away is asked again when there is a letter.
      if (error instanceof TopologyError) throw error;
    }
  }

  /**
   * Whether a drain need not wait for them, whatever it has time for: the broker is closed, or says that it cannot keep them, and nothing else is left.
   *
   * @param left - events that have not ended
   */
  areHopeless({ kind, error }: ReportedError, left: number): boolean {
    if (this.#store === undefined || kind !== 'dead-letter-store') return false;
    if (error instanceof ClosedError) this.#isClosed = true;
    return this.#isClosed || (error instanceof TopologyError && left <= this.queue.stats().storing);
  }

  /** Waits for those on their way, for as long again as there was, and as long as there is hope. What is not kept is not acknowledged, either: it goes back to the broker. */
  async settle(report: DrainReport, deadlineMs: number | undefined): Promise<DrainReport> {
    const isHopeless = this.queue.errors.pipe(
      filter((error) => this.areHopeless(error, 0)),
      map(() => false),
    );
    const flushed = this.queue.flush(this.#isClosed ? 0 : deadlineMs);
    if (await firstValueFrom(merge(flushed, isHopeless))) return report;
    if (this.#store === undefined) return report;
    const unkept = Math.min(this.queue.stats().storing, report.dead);
    const [dead, dropped] = [report.dead - unkept, report.dropped + unkept];
    return { ...report, completed: false, dead, dropped, abandoned: report.abandoned + unkept };
  }

  /** Makes a dead letter of nobody's of what was emitted and can never be published. */
  bury(message: BrokerMessage, error: unknown, errors: ErrorReports): DeadLetter {
    const { scheduler, createId } = this.#settings;
    const time = scheduler.now();
    const event = this.#decoder.peek(new Arrival(message));
    const id = letterId(createId, time, errors);
    const letter: DeadLetter = { id, event, reason: 'rejected', error, attempts: [], time, redriven: 0 };
    this.queue.next(letter);
    return letter;
  }

  /** As if it had no schema, which would be content with less than the data itself. */
  #encode(event: EventMessage): BrokerMessage {
    const { source, key, codec } = this.#settings;
    const own = this.#topics.find(event.type)?.definition.codec;
    return cloudEvent(event, { source, key: key(event), codec: own ?? codec });
  }
}
