import { interval, type SchedulerLike, type Subscription } from 'rxjs';
import { MillraceError } from '../core/errors.ts';
import { randomId } from '../core/ids.ts';
import type { DocumentStore, StoredDocument } from './document-store.ts';
import { pause } from './pause.ts';

/** Another process has what this one had: it was away for longer than its lease. */
export class LeaseLostError extends MillraceError {
  /** The class's name. */
  override readonly name: string = 'LeaseLostError';

  constructor(key: string) {
    super(
      'LEASE_LOST',
      `Expected to be the one that runs '${key}', got a checkpoint of another process. If this one was only slow, raise leaseMs.`,
    );
  }
}

/** What stands in a leased document. */
interface Leased<Value> {
  /** Who has it; nobody, if absent. */
  readonly owner?: string;
  /** How long its owner may be silent. */
  readonly leaseMs: number;
  readonly value?: Value;
}

/** Which document is leased, and for how long at a time. */
export interface LeaseOptions {
  readonly documents: DocumentStore;
  readonly kind: string;
  readonly key: string;
  /** Milliseconds. */
  readonly leaseMs: number;
  readonly scheduler: SchedulerLike;
  /** Where the store has locks that end with their holder: then nobody has to wait until a lease is over. */
  readonly lock?: ((name: string, signal: AbortSignal) => Promise<() => void>) | undefined;
  /** Called once, when another process has been found to have it. */
  readonly onLost?: () => void;
}

/**
 * A document that one process at a time may write. Its revision is the fencing token, after M. Kleppmann, "How to do distributed locking" (2016): whoever has lost the lease
 * cannot write, whatever it believes. No two clocks are compared: a lease is over when its document has stood still for as long as its owner said it never would.
 */
export class Lease<Value> {
  /** What the document says. */
  value: Value | undefined;
  readonly #options: LeaseOptions;
  readonly #owner: string;
  readonly #renewal: Subscription;
  #revision: number;
  readonly #unlock: (() => void) | undefined;
  #isLost = false;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(
    options: LeaseOptions,
    owner: string,
    value: Value | undefined,
    revision: number,
    unlock: (() => void) | undefined,
  ) {
    this.#options = options;
    this.#owner = owner;
    this.value = value;
    this.#revision = revision;
    this.#unlock = unlock;
    const { scheduler, leaseMs } = options;
    // If a renewal fails, the next write says so.
    const renew = (): void => void this.save(this.value).catch(() => undefined);
    this.#renewal = interval(leaseMs / 3, scheduler).subscribe(renew);
  }

  /** Waits until the lease is free, or over. */
  static async take<Value>(options: LeaseOptions, signal: AbortSignal): Promise<Lease<Value>> {
    const { kind, key, lock } = options;
    const unlock = await lock?.(`${kind}:${key}`, signal);
    try {
      return await Lease.#takeDocument(options, signal, unlock);
    } catch (error) {
      unlock?.();
      throw error;
    }
  }

  static async #takeDocument<Value>(
    options: LeaseOptions,
    signal: AbortSignal,
    unlock: (() => void) | undefined,
  ): Promise<Lease<Value>> {
    const { documents, kind, key, leaseMs, scheduler } = options;
    const owner = randomId();
    let seen: { readonly revision: number; readonly since: number } | undefined;
    for (;;) {
      signal.throwIfAborted();
      const document = await documents.get(kind, key);
      const { owner: holder, leaseMs: heldMs = leaseMs, value } = leased<Value>(document);
      const revision = document?.revision ?? 0;
      const now = scheduler.now();
      if (seen?.revision !== revision) seen = { revision, since: now };
      if (holder === undefined || unlock !== undefined || now - seen.since >= heldMs) {
        const isTaken = await documents.put(kind, key, leasedBy(owner, leaseMs, value), revision);
        if (isTaken) return new Lease(options, owner, value, revision + 1, unlock);
      } else {
        await pause(Math.max(1, Math.min(heldMs, leaseMs) / 4), scheduler, signal);
      }
    }
  }

  /** Writes the document, after all that was to be written before. */
  save(value: Value | undefined): Promise<void> {
    this.value = value;
    return this.#write(leasedBy(this.#owner, this.#options.leaseMs, value));
  }

  /** Lets another process have it at once. */
  async release(): Promise<void> {
    this.#renewal.unsubscribe();
    try {
      await this.#write(leasedBy(undefined, this.#options.leaseMs, this.value));
    } finally {
      this.#unlock?.();
    }
  }

  #write(text: string): Promise<void> {
    const written = this.#last.then(() => this.#put(text));
    this.#last = written.catch(() => undefined);
    return written;
  }

  async #put(text: string): Promise<void> {
    const { documents, kind, key } = this.#options;
    if (!this.#isLost && (await documents.put(kind, key, text, this.#revision))) {
      this.#revision++;
      return;
    }
    if (!this.#isLost) this.#options.onLost?.();
    this.#isLost = true;
    this.#renewal.unsubscribe();
    throw new LeaseLostError(key);
  }
}

/** What a leased document says, whoever has it. */
export function leased<Value>(document: StoredDocument | undefined): Partial<Leased<Value>> {
  return document === undefined ? {} : (JSON.parse(document.value) as Leased<Value>);
}

function leasedBy<Value>(owner: string | undefined, leaseMs: number, value: Value | undefined): string {
  return JSON.stringify({ owner, leaseMs, value });
}
