import type { SchedulerLike } from 'rxjs';
import type { DeadLetter } from '../core/dead-letter.ts';
import type { EventDefinition } from '../core/event-definition.ts';
import type { CreateId } from '../core/ids.ts';
import { copyMessage, type EventMessage, type MessageOptions } from '../core/message.ts';
import type { PublishReport, Settlement } from '../core/outcome.ts';
import { checkData, checkDataNow, SchemaError } from '../core/schema.ts';
import type { DeadLetterSink } from '../flow/dead-letter-to.ts';
import type { DeadLetterQueue } from '../process/dead-letter-queue.ts';
import type { SettlementListener } from '../process/delivery.ts';
import type { RedriveTarget } from '../process/redrive.ts';
import type { PublishOptions } from './event-emitter.ts';
import type { Topic } from './topic.ts';

/** What an edge needs of its hub. */
export interface EdgeOptions {
  readonly deadLetters: DeadLetterQueue;
  readonly scheduler: SchedulerLike;
  readonly createId: CreateId;
  readonly isClosed: () => boolean;
  /** Data did not fit. */
  readonly onRefused: (letter: DeadLetter) => void;
  /** Throws unless events are welcome. */
  readonly expectOpen: () => void;
  readonly topicOf: (definition: EventDefinition) => Topic;
  readonly topicNamed: (type: string) => Topic;
  readonly stamp: (topic: Topic, data: unknown, options: MessageOptions | undefined) => EventMessage;
  readonly emit: (topic: Topic, message: EventMessage) => void;
  readonly publish: (topic: Topic, message: EventMessage, signal?: AbortSignal) => Promise<PublishReport>;
}

/** Where data from outside comes in: it is checked, and what does not fit becomes an `invalid` dead letter that can come back. */
export class Edge implements RedriveTarget<EventMessage> {
  readonly #options: EdgeOptions;
  readonly #disconnect: () => void;
  readonly #letters: DeadLetterSink<DeadLetter>;
  /** How often data did not fit. */
  invalid = 0;

  constructor(options: EdgeOptions) {
    this.#options = options;
    this.#disconnect = options.deadLetters.connect(this, undefined);
    this.#letters = options.deadLetters.sinkOf(this);
  }

  get isClosed(): boolean {
    return this.#options.isClosed();
  }

  ingest(definition: EventDefinition, raw: unknown, options?: MessageOptions): boolean {
    const { expectOpen, topicOf } = this.#options;
    expectOpen();
    const topic = topicOf(definition);
    let data: unknown;
    try {
      data = checkDataNow(definition, raw, 'Use ingestAsync(), which awaits it.');
    } catch (error) {
      return this.#refuse(topic, raw, error, options);
    }
    return this.#send(topic, data, options);
  }

  async ingestAsync(
    definition: EventDefinition,
    raw: unknown,
    options?: PublishOptions,
  ): Promise<PublishReport | false> {
    const { expectOpen, topicOf, stamp, publish } = this.#options;
    expectOpen();
    const topic = topicOf(definition);
    let data: unknown;
    try {
      data = await checkData(definition, raw);
    } catch (error) {
      const isRefused = this.#refuse(topic, raw, error, options);
      // Whoever waits may let go of what came in as soon as its letter is safe.
      await this.#options.deadLetters.flush();
      return isRefused;
    }
    expectOpen();
    options?.signal?.throwIfAborted();
    return publish(topic, stamp(topic, data, options), options?.signal);
  }

  /** A letter comes back: its data is checked again, and offered to all. */
  redrive(letter: DeadLetter, onSettled: SettlementListener): void {
    this.#reingest(letter).then(onSettled, (error: unknown) => onSettled({ outcome: 'rejected', attempts: 0, error }));
  }

  close(): void {
    this.#disconnect();
  }

  #send(topic: Topic, data: unknown, options: MessageOptions | undefined): true {
    this.#options.emit(topic, this.#options.stamp(topic, data, options));
    return true;
  }

  #refuse(topic: Topic, raw: unknown, error: unknown, options: MessageOptions | undefined): false {
    if (!(error instanceof SchemaError)) throw error;
    this.#write(this.#options.stamp(topic, raw, options), error, 0);
    return false;
  }

  #write(event: EventMessage, error: SchemaError, redriven: number): DeadLetter {
    const { scheduler, createId, onRefused } = this.#options;
    const time = scheduler.now();
    const letter: DeadLetter = { id: createId(time), event, reason: 'invalid', error, attempts: [], time, redriven };
    this.invalid++;
    void this.#letters.next(letter);
    onRefused(letter);
    return letter;
  }

  async #reingest({ event, redriven }: DeadLetter): Promise<Settlement> {
    const { expectOpen, topicNamed, publish } = this.#options;
    const topic = topicNamed(event.type);
    try {
      const data = await checkData(topic.definition, event.data);
      expectOpen();
      const { ok } = await publish(topic, copyMessage(event, { data }));
      return { outcome: ok ? 'handled' : 'dead', attempts: 1 };
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      const { id } = this.#write(event, error, redriven + 1);
      return { outcome: 'dead', reason: 'invalid', attempts: 0, error, deadLetterId: id };
    }
  }
}
