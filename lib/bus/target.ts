import type { EventMessage } from '../core/message.ts';
import type { Attempt, SettlementListener } from '../process/delivery.ts';
import type { Engine } from '../process/engine.ts';
import type { Verdict } from '../process/gate.ts';

/** What a topic offers its messages to: an engine, or one behind a gate. */
export type Target = Pick<Engine<EventMessage>, 'isListening' | 'name' | 'offer' | 'submit' | 'wouldAwaitItself'>;

/** Lets one event through to an engine, which then finishes it and closes. */
export class OnceGate implements Target {
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
    const verdict = this.#engine.offer(message, now);
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
