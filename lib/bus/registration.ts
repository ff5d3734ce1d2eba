/// <reference lib="esnext.disposable" preserve="true" />
import type { EventMessage } from '../core/message.ts';
import type { Engine } from '../process/engine.ts';
import type { DrainOptions, DrainReport, ProcessorStats } from '../process/stats.ts';
import type { EventSubscription } from './event-subscription.ts';
import type { Target } from './target.ts';

/** What a handler listens to, resolved. */
export interface Listening {
  /** For the name of a handler without one. */
  readonly label: string;
  /** Event types, or one pattern of them. */
  readonly types: readonly string[];
  readonly matches: (type: string) => boolean;
}

/** A handler as its bus knows it: which types it listens to, and the engine behind it. */
export class Registration implements EventSubscription {
  readonly engine: Engine<EventMessage>;
  /** What topics offer their messages to. */
  readonly target: Target;
  readonly matches: (type: string) => boolean;

  constructor(engine: Engine<EventMessage>, target: Target, matches: (type: string) => boolean) {
    this.engine = engine;
    this.target = target;
    this.matches = matches;
  }

  get name(): string {
    return this.engine.name;
  }

  get closed(): boolean {
    return this.engine.isClosed;
  }

  get isIdle(): boolean {
    return this.engine.isIdle;
  }

  unsubscribe(): void {
    this.engine.close();
  }

  pause(): void {
    this.engine.pause();
  }

  resume(): void {
    this.engine.resume();
  }

  stats(): ProcessorStats {
    return this.engine.stats();
  }

  drain(options?: DrainOptions): Promise<DrainReport> {
    return this.engine.drain(options);
  }

  [Symbol.dispose](): void {
    this.unsubscribe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }
}
