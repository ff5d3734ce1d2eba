import type { SchedulerLike } from 'rxjs';
import type { DeadLetter, DeadLetterReason } from '../../core/dead-letter.ts';
import type { CreateId } from '../../core/ids.ts';
import type { EventMessage } from '../../core/message.ts';
import type { DeadLetterSink } from '../../flow/dead-letter-to.ts';
import type { DeadLetterQueue } from '../../process/dead-letter-queue.ts';
import type { SettlementListener } from '../../process/delivery.ts';
import type { Engine } from '../../process/engine.ts';
import type { ErrorReports } from '../../process/error-reports.ts';
import { letterId } from '../../process/letter-id.ts';
import type { RedriveTarget } from '../../process/redrive.ts';
import type { BrokerMessage } from '../broker-message.ts';
import { Arrival, ArrivedMessage } from './arrival.ts';

/** What a consumer's letters need of it. */
export interface ConsumerLettersOptions {
  readonly name: string;
  readonly engine: () => Engine<EventMessage>;
  readonly deadLetters: DeadLetterQueue;
  readonly errors: ErrorReports;
  /** A letter was written of what its engine was never given. */
  readonly onRefused: (letter: DeadLetter) => void;
  readonly scheduler: SchedulerLike;
  readonly createId: CreateId;
  readonly decode: (arrival: Arrival) => EventMessage | Promise<EventMessage>;
  /** Publishes what a transactional handler has sent of an event that came back: there is nothing to acknowledge. */
  readonly publishOutputs: (outputs: readonly BrokerMessage[]) => Promise<void>;
}

/** The dead letters of one consumer: it writes those of events that its engine was never given, and takes all back, to be checked again. */
export class ConsumerLetters implements RedriveTarget<EventMessage> {
  /** Where they go, to come back here. */
  readonly sink: DeadLetterSink<DeadLetter>;
  readonly #options: ConsumerLettersOptions;

  constructor(options: ConsumerLettersOptions) {
    this.#options = options;
    this.sink = options.deadLetters.sinkOf(this);
  }

  get isClosed(): boolean {
    return this.#options.engine().isClosed;
  }

  /** @returns when it is safe */
  async write(event: EventMessage, reason: DeadLetterReason, error: unknown, redriven: number): Promise<DeadLetter> {
    const { name, createId, scheduler, errors, onRefused } = this.#options;
    const time = scheduler.now();
    const id = letterId(createId, time, errors);
    const letter = { id, event, handler: name, reason, error, attempts: [], time, redriven };
    await this.sink.next(letter);
    onRefused(letter);
    return letter;
  }

  redrive(letter: DeadLetter, onSettled: SettlementListener): void {
    this.#redrive(letter, onSettled).catch((error: unknown) => onSettled({ outcome: 'rejected', attempts: 0, error }));
  }

  async #redrive(letter: DeadLetter, onSettled: SettlementListener): Promise<void> {
    const { engine, decode, publishOutputs } = this.#options;
    const { event, redriven } = letter;
    const arrival = ArrivedMessage.arrivalOf(event);
    if (arrival === undefined) return engine().redrive(letter, onSettled);
    const back = new Arrival(arrival.message);
    let again: EventMessage;
    try {
      again = await decode(back);
    } catch (error) {
      const { id } = await this.write(event, 'invalid', error, redriven + 1);
      return onSettled({ outcome: 'dead', reason: 'invalid', attempts: 0, error, deadLetterId: id });
    }
    engine().redrive({ ...letter, event: again }, (settlement, result) => {
      const tell = (): void => onSettled(settlement, result);
      // Before its letter is forgotten. If they cannot be published, it stays.
      const keep = (error: unknown): void => onSettled({ ...settlement, outcome: 'rejected', error });
      if (settlement.outcome !== 'handled' || back.outputs.length === 0) tell();
      else publishOutputs(back.outputs).then(tell, keep);
    });
  }
}
