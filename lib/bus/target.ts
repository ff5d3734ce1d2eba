import type { EventMessage } from '../core/message.ts';
import type { Attempt } from '../process/attempt.ts';
import type { SettlementListener } from '../process/delivery.ts';
import type { Engine } from '../process/engine.ts';
import type { Verdict } from '../process/gate.ts';

/** A handler, as a topic sees it. */
export type Listener = Pick<Engine<EventMessage>, 'isListening' | 'name' | 'submit' | 'wouldAwaitItself'>;

/** Where a topic offers its messages: an engine's direct call, or a gate before it. */
export interface Target {
  readonly owner: Listener;
  offer(message: EventMessage, now: number): Verdict;
}

/** Lets one event through to an engine, which then finishes it and closes. */
export class OnceGate implements Target, Listener {
  readonly owner: Listener = this;
  readonly #engine: Engine<EventMessage>;
  readonly #onSpent: () => void;
  #isSpent = false;

  constructor(engine: Engine<EventMessage>, onSpent: () => void) {
    this.#engine = engine;
    this.#onSpent = onSpent;
  }

  get isListening(): boolean {
    return !this.#isSpent && this.#engine.isListening;
  }

  get name(): string {
    return this.#engine.name;
  }

  offer(message: EventMessage, now: number): Verdict {
    this.#spend();
    const verdict = this.#engine.direct.offer(message, now);
    void this.#engine.drain();
    return verdict;
  }

  submit(
    message: EventMessage,
    onSettled: SettlementListener,
    awaitedBy: Attempt<unknown> | undefined,
  ): (() => void) | undefined {
    this.#spend();
    const withdraw = this.#engine.submit(message, onSettled, awaitedBy);
    void this.#engine.drain();
    return withdraw;
  }

  wouldAwaitItself(message: EventMessage, awaitedBy: Attempt<unknown> | undefined): boolean {
    return this.#engine.wouldAwaitItself(message, awaitedBy);
  }

  /** Before the engine is called: what it emits meanwhile must not come here again. */
  #spend(): void {
    this.#isSpent = true;
    this.#onSpent();
  }
}
