/// <reference lib="esnext.disposable" preserve="true" />
import { asyncScheduler, type Observable, type SchedulerLike, Subscription } from 'rxjs';
import type { DeadLetter } from '../../core/dead-letter.ts';
import { InvalidOptionError } from '../../core/errors.ts';
import { expectNumber, expectOptions, show } from '../../core/options.ts';
import type { Probe } from '../../process/probe.ts';
import { unknownName } from '../known-options.ts';
import { legendLines } from './legend.ts';
import { renderTimeline } from './render-timeline.ts';
import { timelineModel } from './timeline-model.ts';
import { TimelineRecorder } from './timeline-recorder.ts';

/** Options of `timeline`. */
export interface TimelineOptions {
  /** The clock of what is watched. @defaultValue that of the bus; without a bus, `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
  /** Milliseconds that a column stands for; \> 0. @defaultValue 1 */
  readonly msPerColumn?: number;
  /** Whether a line for each event says what its data is, shortly, and of dates and UUIDs only that they are one. @defaultValue false */
  readonly legend?: boolean;
}

/** What happened, as text. */
export interface Timeline extends Disposable {
  /** Watches: give it to a processor, a channel or a bus as its `probe`, if the timeline was not given a bus. */
  readonly probe: Probe;
  /** The picture of what has happened until now. */
  toString(): string;
  /** Stops watching. The picture stays as it is. */
  close(): void;
}

/** A bus that can be watched, whatever its events are. */
export interface WatchableBus {
  /** Adds a probe. */
  addProbe(probe: Probe): Subscription;
  /** Dead events, to be told of. */
  readonly deadLetters: Observable<DeadLetter>;
}

const OPTIONS: readonly string[] = ['scheduler', 'msPerColumn', 'legend'] satisfies (keyof TimelineOptions)[];

/**
 * Watches a bus, and draws what happened: a lane for each event type, as marbles, and one for each handler, below a scale of milliseconds.
 *
 * ```text
 * ms            0    5    10   15   20
 * order.placed  a-b------------------
 * mail          a~~~~x---------2~~|
 *                 b...............1~~>
 * ```
 *
 * An event is a letter where it is emitted, and where a handler takes it. From there on, its row shows what becomes of it; events that overlap
 * have a row each. All rows share one axis, a column a millisecond.
 *
 * | mark | what happens |
 * | --- | --- |
 * | `a` `b` … | an event is emitted; in the row of a handler: is taken by it, and starts at once unless `.` follows (no `t`, no `x`; after `z`: `aa`) |
 * | `1` `2` … | an attempt starts; the first one has a number only if its event had to wait |
 * | `.` | waits for its turn |
 * | `~` | an attempt runs |
 * | `x` `t` | an attempt fails, or is out of time, and another one will follow |
 * | `-` | waits for the next attempt; in the row of an event type: time |
 * | `\|` | handled; left out where an attempt succeeds in the moment of its start; in the row of an event type: the bus is closed |
 * | `X` `T` `D` | a dead letter: the last attempt fails; is out of time; or without a failed attempt: overflow, abandoned, invalid |
 * | `!` | dropped by a policy: `drop-oldest`, `drop-newest`, `switch`, `exhaust` |
 * | `(ax)` | in one moment, in this order; as in RxJS, in the place of four columns |
 * | ` 97ms ` | a quiet stretch of 97 columns, left out in all rows |
 * | `>` | not ended yet |
 *
 * Where marks need more room than there is time between them, all rows grow; the scale tells the times. The same things at the same times make
 * the same text, so in virtual time it is fit for an inline snapshot.
 *
 * @param bus - what is watched from now on; without one, give `probe` to a processor, a channel or a bus
 * @returns a picture: `String(picture)` draws what has happened until then
 * @throws InvalidOptionError for an option that does not exist, or cannot work
 *
 * @example
 * ```ts
 * import { createEventBus, defineEvent, payload } from 'millrace';
 * import { flaky, timeline } from 'millrace/testing';
 *
 * const OrderPlaced = defineEvent('order.placed', payload<{ total: number }>());
 * const bus = createEventBus();
 * bus.on(OrderPlaced, flaky(() => {}, 'x ok'), { name: 'mail', retry: { maxAttempts: 2, delayMs: 0 } });
 * using picture = timeline(bus, { legend: true });
 * await bus.publish(OrderPlaced, { total: 7 });
 * console.log(String(picture));
 * ```
 */
export function timeline(bus: WatchableBus, options?: TimelineOptions): Timeline;
/** Watches whatever is given its `probe`. */
export function timeline(options?: TimelineOptions): Timeline;
export function timeline(first: TimelineOptions | WatchableBus = {}, second?: TimelineOptions): Timeline {
  const bus = isWatchable(first) ? first : undefined;
  const {
    scheduler = clockOf(bus),
    msPerColumn = 1,
    legend = false,
  } = checkOptions(bus === undefined ? (first as TimelineOptions) : second);
  const recorder = new TimelineRecorder(scheduler);
  const watching = bus === undefined ? Subscription.EMPTY : watch(bus, recorder);
  const close = (): void => {
    recorder.stop();
    watching.unsubscribe();
  };
  return {
    probe: recorder.probe,
    toString: () => draw(recorder, msPerColumn, legend),
    close,
    [Symbol.dispose]: close,
  };
}

/** The bus in this process tells its clock, though its type does not. */
function clockOf(bus: (WatchableBus & { readonly scheduler?: SchedulerLike }) | undefined): SchedulerLike {
  return bus?.scheduler ?? asyncScheduler;
}

function watch(bus: WatchableBus, recorder: TimelineRecorder): Subscription {
  const watching = bus.addProbe(recorder.probe);
  watching.add(
    bus.deadLetters.subscribe(({ handler, event }) => {
      // Those of a handler are told to the probe.
      if (handler === undefined) recorder.refused(event);
    }),
  );
  // Nothing has this type; but it completes when the bus is closed.
  const { events } = bus as WatchableBus & { readonly events?: (type: string) => Observable<unknown> };
  watching.add(events?.call(bus, 'millrace.timeline').subscribe({ complete: () => recorder.closed() }));
  return watching;
}

function draw(recorder: TimelineRecorder, msPerColumn: number, legend: boolean): string {
  const model = timelineModel(recorder.happenings, recorder.nowMs);
  const picture = renderTimeline(model, { msPerColumn });
  if (!legend || model.labels.size === 0) return picture;
  return [picture, '', ...legendLines(model.labels)].join('\n');
}

function isWatchable(value: TimelineOptions | WatchableBus): value is WatchableBus {
  return typeof (value as Partial<WatchableBus> | null)?.addProbe === 'function';
}

function checkOptions(options: TimelineOptions = {}): TimelineOptions {
  expectOptions('the options of timeline', options);
  const unknown = unknownName(options, OPTIONS);
  if (unknown !== undefined) {
    throw new InvalidOptionError(
      `Expected a bus, or options of timeline ('${OPTIONS.join("', '")}'), got an object with ${show(unknown)}.`,
    );
  }
  const { scheduler, msPerColumn, legend } = options;
  if (msPerColumn !== undefined) expectNumber('msPerColumn', msPerColumn);
  if (scheduler !== undefined && typeof scheduler?.now !== 'function') {
    throw new InvalidOptionError(`Expected scheduler to be an RxJS scheduler, got ${show(scheduler)}.`);
  }
  if (legend !== undefined && typeof legend !== 'boolean') {
    throw new InvalidOptionError(`Expected legend to be true or false, got ${show(legend)}.`);
  }
  return options;
}
