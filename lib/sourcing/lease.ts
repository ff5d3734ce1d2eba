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
      `Expected to be the one that runs '${key}', got a checkpoint of another process, or one whose lease had lapsed meanwhile. If this process was only slow or blocked, raise leaseMs: what it had not checkpointed comes again.`,
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
  readonly onLost?: (error: LeaseLostError) => void;
}

/**
 * A document that one process at a time may write. Its revision is the fencing token, after M. Kleppmann, "How to do distributed locking" (2016): whoever has lost the lease
 * cannot write, whatever it believes. No clock is read: a lease is over when its document has stood still for as long as its owner said it never would.
 */
export class Lease<Value> {
  readonly #options: LeaseOptions;
  readonly #owner: string;
  readonly #renewal: Subscription;
  readonly #unlock: (() => void) | undefined;
  #value: Value | undefined;
  #revision: number;
  #lost: LeaseLostError | undefined;
  #isRenewing = false;
  /** When the last write began that has arrived. */
  #keptAt: number;
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
    this.#value = value;
    this.#revision = revision;
    this.#unlock = unlock;
    this.#keptAt = options.scheduler.now();
    this.#renewal = interval(options.leaseMs / 3, options.scheduler).subscribe(() => void this.#renew());
  }

  /** Waits until the lease is free, or over. Rejects with the signal's reason. */
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
    let seen: number | undefined;
    let stillMs = 0;
    for (;;) {
      signal.throwIfAborted();
      const document = await documents.get(kind, key);
      const { owner: holder, leaseMs: heldMs = leaseMs, value } = leased<Value>(document);
      const revision = document?.revision ?? 0;
      if (revision !== seen) stillMs = 0;
      seen = revision;
      if (holder === undefined || unlock !== undefined || stillMs >= heldMs) {
        const isTaken = await documents.put(kind, key, leasedBy(owner, leaseMs, value), revision);
        if (isTaken) return new Lease(options, owner, value, revision + 1, unlock);
      } else {
        const waitMs = Math.max(1, Math.min(heldMs, leaseMs) / 4);
        await pause(waitMs, scheduler, signal);
        stillMs += waitMs;
      }
    }
  }

  /** What the document says, as far as this process knows. */
  get value(): Value | undefined {
    return this.#value;
  }

  /** Whether another process was found to have it. */
  get lost(): LeaseLostError | undefined {
    return this.#lost;
  }

  /** Writes the document, after all that was to be written before. @throws LeaseLostError */
  save(value: Value): Promise<void> {
    return this.#inTurn(() => this.#put(this.#owner, value));
  }

  /** Lets another process have it at once. */
  async release(): Promise<void> {
    this.#renewal.unsubscribe();
    try {
      await this.#inTurn(() => this.#put(undefined, this.#value));
    } finally {
      this.#unlock?.();
    }
  }

  async #renew(): Promise<void> {
    const { scheduler, leaseMs } = this.#options;
    // Others may have it by now, whether anybody can be asked or not.
    if (scheduler.now() - this.#keptAt >= leaseMs) this.#lose();
    // One that is slow does for all.
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    try {
      await this.#inTurn(() => this.#put(this.#owner, this.#value));
    } catch {
      // The next write says so.
    }
    this.#isRenewing = false;
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const written = this.#last.then(write);
    this.#last = written.catch(() => undefined);
    return written;
  }

  async #put(owner: string | undefined, value: Value | undefined): Promise<void> {
    if (this.#lost !== undefined) throw this.#lost;
    const isPut = (await this.#tryPut(owner, value)) || ((await this.#isOwn()) && (await this.#tryPut(owner, value)));
    if (isPut) return;
    throw this.#lose();
  }

  #lose(): LeaseLostError {
    if (this.#lost !== undefined) return this.#lost;
    this.#lost = new LeaseLostError(this.#options.key);
    this.#renewal.unsubscribe();
    this.#options.onLost?.(this.#lost);
    return this.#lost;
  }

  async #tryPut(owner: string | undefined, value: Value | undefined): Promise<boolean> {
    const { documents, kind, key, leaseMs, scheduler } = this.#options;
    const begunAt = scheduler.now();
    const isPut = await documents.put(kind, key, leasedBy(owner, leaseMs, value), this.#revision);
    if (!isPut) return false;
    this.#keptAt = begunAt;
    this.#revision++;
    this.#value = value;
    return true;
  }

  /** Whether what stands there was written by this very lease: then only the answer to that write was lost. */
  async #isOwn(): Promise<boolean> {
    const { documents, kind, key } = this.#options;
    const document = await documents.get(kind, key);
    if (document === undefined || leased<Value>(document).owner !== this.#owner) return false;
    this.#revision = document.revision;
    return true;
  }
}

/** What a leased document says, whoever has it. */
export function leased<Value>(document: StoredDocument | undefined): Partial<Leased<Value>> {
  return document === undefined ? {} : (JSON.parse(document.value) as Leased<Value>);
}

function leasedBy<Value>(owner: string | undefined, leaseMs: number, value: Value | undefined): string {
  return JSON.stringify({ owner, leaseMs, value });
}
