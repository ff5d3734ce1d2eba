import { HandlerTimeoutError } from '../../core/errors.ts';
import type { Settlement } from '../../core/outcome.ts';
import type { Handling } from '../../process/probe.ts';
import { EventLabels } from './event-labels.ts';
import type { Happening } from './happening.ts';

/** What goes on after a mark: nothing, an attempt, waiting for its turn, waiting for the next attempt (or, of events, time). */
export type Stretch = ' ' | '-' | '.' | '~';

/** Something that happened. */
export interface Mark {
  /** Milliseconds since the watching began. */
  readonly atMs: number;
  /** How it is drawn; an empty one only begins a stretch. */
  readonly text: string;
  readonly after: Stretch;
}

/** What belongs together and is drawn in one row: the events of a type, or one handler's copy of an event. */
export interface Bar {
  /** In the order in which they happened. */
  readonly marks: readonly Mark[];
  /** Whether it had not ended when the picture was made. */
  readonly isPending: boolean;
}

/** The bars of an event type or a handler. */
interface Lane {
  readonly name: string;
  readonly bars: readonly Bar[];
}

/** A timeline as plain data. */
export interface TimelineModel {
  /** Where it ends: milliseconds since the watching began. */
  readonly endMs: number;
  readonly lanes: readonly Lane[];
  /** What the labels stand for, in their order: the data of an event, or an item. */
  readonly labels: ReadonlyMap<string, unknown>;
}

interface OpenBar {
  readonly marks: Mark[];
  isPending: boolean;
}

/** Makes lanes of what happened: those of event types, then those of handlers, each in the order in which they first appeared. */
export function timelineModel(happenings: readonly Happening[], nowMs: number): TimelineModel {
  const drawing = new Drawing();
  for (const happening of happenings) drawing.add(happening);
  const lastMs = happenings.at(-1)?.atMs ?? 0;
  return {
    endMs: drawing.isPending ? Math.max(nowMs, lastMs) : lastMs,
    lanes: drawing.lanes,
    labels: drawing.labels.all,
  };
}

class Drawing {
  readonly labels: EventLabels = new EventLabels();
  private readonly types = new Map<string, OpenBar>();
  private readonly handlers = new Map<string, OpenBar[]>();
  private readonly pending = new Map<Handling, OpenBar>();

  get isPending(): boolean {
    return this.pending.size > 0;
  }

  get lanes(): readonly Lane[] {
    const types = Array.from(this.types, ([name, bar]) => ({ name, bars: [bar] }));
    return [...types, ...Array.from(this.handlers, ([name, bars]) => ({ name, bars }))];
  }

  add(happening: Happening): void {
    const { atMs } = happening;
    switch (happening.kind) {
      case 'published':
        this.barOfType(happening.message.type).marks.push({
          atMs,
          text: this.labels.ofPublished(happening.message),
          after: '-',
        });
        return;
      case 'refused': {
        const { marks } = this.barOfType(happening.message.type);
        marks.push({ atMs, text: this.labels.of(happening.message), after: '-' }, { atMs, text: 'D', after: '-' });
        return;
      }
      case 'closed':
        for (const { marks } of this.types.values()) marks.push({ atMs, text: '|', after: ' ' });
        return;
      case 'accepted':
        this.barOf(happening.handling, atMs);
        return;
      case 'started':
        this.mark(happening.handling, { atMs, text: String(happening.attempt), after: '~' });
        return;
      case 'retried':
        this.mark(happening.handling, { atMs, text: isTimeout(happening.error) ? 't' : 'x', after: '-' });
        return;
      case 'settled':
        this.end(happening.handling, atMs, endMark(happening.settlement));
        return;
      case 'dropped':
        this.end(happening.handling, atMs, '!');
    }
  }

  private mark(handling: Handling, mark: Mark): void {
    this.barOf(handling, mark.atMs).marks.push(mark);
  }

  private end(handling: Handling, atMs: number, text: string): void {
    const bar = this.barOf(handling, atMs);
    bar.marks.push({ atMs, text, after: ' ' });
    bar.isPending = false;
    this.pending.delete(handling);
  }

  private barOfType(type: string): OpenBar {
    const known = this.types.get(type);
    if (known !== undefined) return known;
    const bar: OpenBar = { marks: [{ atMs: 0, text: '', after: '-' }], isPending: false };
    this.types.set(type, bar);
    return bar;
  }

  /** Of a copy that was taken before the watching began, the first news is the beginning. */
  private barOf(handling: Handling, atMs: number): OpenBar {
    const known = this.pending.get(handling);
    if (known !== undefined) return known;
    const bar: OpenBar = { marks: [{ atMs, text: this.labels.of(handling.event), after: '.' }], isPending: true };
    const bars = this.handlers.get(handling.handler);
    if (bars === undefined) this.handlers.set(handling.handler, [bar]);
    else bars.push(bar);
    this.pending.set(handling, bar);
    return bar;
  }
}

function endMark({ outcome, reason, error }: Settlement): string {
  if (outcome === 'handled') return '|';
  if (outcome !== 'dead') return '!';
  const hasFailed = reason === 'exhausted' || reason === 'rejected' || reason === 'timeout';
  if (!hasFailed) return 'D';
  return isTimeout(error) ? 'T' : 'X';
}

function isTimeout(error: unknown): boolean {
  return error instanceof HandlerTimeoutError;
}
