import type { Span } from '@opentelemetry/api';
import type { Part } from '../process/probe.ts';
import { recordFailure } from './handling-span.ts';

interface Sent {
  readonly span: Span;
  readonly by: Part;
}

/** The spans of messages that are on their way, and not confirmed yet. By id: whoever else adds headers to a message makes another one of it. */
export class SentSpans {
  readonly #open = new Map<string, readonly Sent[]>();

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#open.size === 0;
  }

  add(id: string, span: Span, by: Part): void {
    const others = this.#open.get(id);
    this.#open.set(id, others === undefined ? [{ span, by }] : [...others, { span, by }]);
  }

  /** A message has been sent; with an error, it has not. Of those with one id, the first. */
  end(id: string, error: unknown): void {
    const [first, ...others] = this.#open.get(id) ?? [];
    if (others.length > 0) this.#open.set(id, others);
    else this.#open.delete(id);
    if (first === undefined) return;
    if (error !== undefined) recordFailure(first.span, error);
    first.span.end();
  }

  /** Nobody will be told of what this one has sent. */
  endOf(part: Part): void {
    for (const [id, all] of this.#open) {
      const others = all.filter(({ by }) => by !== part);
      if (others.length > 0) this.#open.set(id, others);
      else this.#open.delete(id);
      for (const { span, by } of all) if (by === part) span.end();
    }
  }
}
