import type { Attributes, Histogram } from '@opentelemetry/api';
import type { EventMessage } from '../core/message.ts';
import type { Part } from '../process/probe.ts';
import type { BoundedNames } from './bounded-names.ts';
import { DESTINATION, ERROR_TYPE, OPERATION_NAME, OPERATION_TYPE, SYSTEM } from './conventions.ts';
import { errorType } from './error-texts.ts';
import { Quota } from './quota.ts';
import { leavesProcess } from './sampling.ts';
import { systemOf } from './span-names.ts';

/** What the durations of sending are recorded with. */
export interface SendMeterOptions {
  readonly duration: Histogram;
  readonly types: BoundedNames;
  readonly errors: BoundedNames;
}

interface Sender {
  readonly part: Part;
  readonly attributes: Attributes;
  /** None of a bus in process, where there is nobody to wait for. */
  readonly quota: Quota | undefined;
}

interface Started {
  readonly sender: Sender;
  readonly at: number;
}

/** Measures how long it takes until what is sent is confirmed. */
export class SendMeter {
  readonly #options: SendMeterOptions;
  readonly #senders = new WeakMap<Part, Sender>();
  readonly #started = new Map<string, Started>();
  /** Mostly, it is the same one again. */
  #last: Sender | undefined;

  constructor(options: SendMeterOptions) {
    this.#options = options;
  }

  started(message: EventMessage, by: Part): void {
    const sender = this.#senderOf(by);
    if (sender.quota?.takes() === true) this.#started.set(message.id, { sender, at: performance.now() });
  }

  ended(message: EventMessage, error: unknown): void {
    if (this.#started.size === 0) return;
    const { id, type } = message;
    const started = this.#started.get(id);
    if (started === undefined) return;
    this.#started.delete(id);
    const { duration, types, errors } = this.#options;
    duration.record((performance.now() - started.at) / 1_000, {
      ...started.sender.attributes,
      [DESTINATION]: types.of(type),
      ...(error !== undefined && { [ERROR_TYPE]: errors.of(errorType(error)) }),
    });
  }

  /** Nobody will be told of what this one has sent. */
  forget(part: Part): void {
    for (const [id, { sender }] of this.#started) if (sender.part === part) this.#started.delete(id);
  }

  #senderOf(part: Part): Sender {
    if (this.#last?.part === part) return this.#last;
    const sender = this.#senders.get(part) ?? newSender(part);
    this.#senders.set(part, sender);
    return (this.#last = sender);
  }
}

function newSender(part: Part): Sender {
  return {
    part,
    attributes: {
      [SYSTEM]: systemOf(part),
      [OPERATION_NAME]: part.kind === 'bus' ? 'publish' : 'append',
      [OPERATION_TYPE]: 'send',
    },
    quota: leavesProcess(part) ? new Quota() : undefined,
  };
}
