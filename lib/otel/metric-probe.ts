import { type Attributes, type BatchObservableResult, type MeterProvider, metrics } from '@opentelemetry/api';
import type { DeadLetter } from '../core/dead-letter.ts';
import type { EventMessage } from '../core/message.ts';
import type { DropReason, Settlement } from '../core/outcome.ts';
import type { Attachment, HandlerPart, Handling, Part, Probe } from '../process/probe.ts';
import { Books } from './books.ts';
import { BoundedNames } from './bounded-names.ts';
import { GROUP, OPERATION_NAME, SUBSCRIPTION, SYSTEM } from './conventions.ts';
import { HandlerMeter } from './handler-meter.ts';
import { createInstruments, type Instruments } from './instruments.ts';
import { BUS, CHANNEL, REASON } from './own-names.ts';
import { type Reading, readHandler, readPart } from './readings.ts';
import { SendMeter } from './send-meter.ts';
import { systemOf } from './span-names.ts';

const MAX_ERROR_TYPES = 50;
const MAX_EVENT_TYPES = 200;
const MAX_PARTS = 500;

/** Counts and measures what it is told. */
export class MetricProbe implements Probe {
  readonly #provider: MeterProvider | undefined;
  readonly #types = new BoundedNames(MAX_EVENT_TYPES);
  readonly #errors = new BoundedNames(MAX_ERROR_TYPES);
  readonly #names = new BoundedNames(MAX_PARTS);
  /** What can be read, now. */
  readonly #parts = new Map<Part, () => readonly Reading[]>();
  /** Of those that are gone, and of what is told once only. */
  readonly #gone = new Books();
  /** What those had counted then: they may come again. */
  readonly #last = new WeakMap<Part, readonly Reading[]>();
  readonly #meters = new WeakMap<Part, HandlerMeter>();
  #instruments: Instruments | undefined;
  #sends: SendMeter | undefined;

  constructor(provider: MeterProvider | undefined) {
    this.#provider = provider;
  }

  attached(part: Part): Attachment {
    const instruments = this.#open();
    const name = this.#nameOf(part);
    if (!isHandler(part)) return this.#read(part, () => readPart(part, name));
    const attributes = {
      ...(part.owner !== undefined && { [GROUP]: this.#nameOf(part.owner) }),
      [SUBSCRIPTION]: name,
    };
    const meter = this.#meterOf(part, attributes, instruments);
    this.#meters.set(part, meter);
    return { ...this.#read(part, () => readHandler(part, attributes)), samples: meter.samples };
  }

  publishing(message: EventMessage, by: Part): void {
    this.#open();
    this.#sends?.started(message, by);
  }

  published(message: EventMessage, error?: unknown): void {
    this.#sends?.ended(message, error);
  }

  accepted(handling: Handling): void {
    this.#meters.get(handling.part)?.accepted(handling);
  }

  started(handling: Handling): void {
    this.#meters.get(handling.part)?.started(handling);
  }

  settled(handling: Handling, { outcome, error }: Settlement): void {
    this.#meters.get(handling.part)?.ended(handling, outcome, error);
  }

  dropped(handling: Handling, _reason: DropReason): void {
    this.#meters.get(handling.part)?.ended(handling, 'dropped');
  }

  refused({ reason }: DeadLetter<unknown>, by: Part): void {
    const attributes = { [by.kind === 'channel' ? CHANNEL : BUS]: this.#nameOf(by), [REASON]: reason };
    this.#open();
    this.#gone.close([{ name: 'millrace.refused', attributes, value: 1 }]);
  }

  /** Not before something is watched: unlike spans, metrics that are made before the SDK is registered stay without it. */
  #open(): Instruments {
    if (this.#instruments !== undefined) return this.#instruments;
    const instruments = createInstruments(this.#provider ?? metrics.getMeterProvider());
    const { meter, observed, measured } = instruments;
    meter.addBatchObservableCallback((result) => this.#observe(result, observed), Object.values(observed));
    this.#sends = new SendMeter({
      duration: measured['messaging.client.operation.duration'],
      types: this.#types,
      errors: this.#errors,
    });
    return (this.#instruments = instruments);
  }

  #read(part: Part, read: () => readonly Reading[]): Attachment {
    this.#parts.set(part, read);
    this.#gone.reopen(this.#last.get(part) ?? []);
    return {
      detached: () => {
        const last = read();
        this.#parts.delete(part);
        this.#last.set(part, last);
        this.#gone.close(last);
        this.#sends?.forget(part);
      },
    };
  }

  #observe(result: BatchObservableResult, observed: Instruments['observed']): void {
    const present = Array.from(this.#parts.values(), (read) => read());
    for (const { name, attributes, value } of Books.of(this.#gone, present).all) {
      // Without a bound, there is nothing to tell.
      if (Number.isFinite(value)) result.observe(observed[name], value, attributes);
    }
  }

  #meterOf(part: HandlerPart, attributes: Attributes, { measured }: Instruments): HandlerMeter {
    return new HandlerMeter({
      process: measured['messaging.process.duration'],
      wait: measured['millrace.handler.wait.duration'],
      attributes: { ...attributes, [SYSTEM]: systemOf(part.owner), [OPERATION_NAME]: 'process' },
      types: this.#types,
      errors: this.#errors,
    });
  }

  /** Handlers without a name of their own are numbered: the number is an id, of which there may be any number. */
  #nameOf({ name }: Part): string {
    return this.#names.of(name.replace(/#\d+$/, ''));
  }
}

function isHandler(part: Part): part is HandlerPart {
  return part.kind === 'handler';
}
