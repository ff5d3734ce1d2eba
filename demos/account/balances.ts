import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { BatchedProjectionDefinition } from 'millrace';
import { Account, accountEvents, type RecordedAccountEvent } from './account.ts';

/** What the read model says about an account. */
export interface Balance {
  readonly balance: number;
  /** The version of the last event that is in it. */
  readonly version: number;
}

/** Balances by stream. */
export type Balances = ReadonlyMap<string, Balance>;

/** A read model in a file of JSON, which any program can read; one file for each generation. */
export class BalanceFiles {
  /** Events that came again, and were known by their version. */
  repeated = 0;
  readonly #path: string;
  #last: Promise<unknown> = Promise.resolve();

  /** @param path - where the files go, and how their names begin */
  constructor(path: string) {
    this.#path = path;
  }

  fileOf(generation: number): string {
    return `${this.#path}-${generation}.json`;
  }

  /** The balances of a generation, by whichever process they were written. */
  async read(generation: number): Promise<Balances> {
    return new Map(JSON.parse(await readFile(this.fileOf(generation), 'utf8')) as [string, Balance][]);
  }

  /** Begins a generation with nothing. */
  begin(generation: number): Promise<void> {
    return this.#inTurn(() => this.#write(generation, new Map()));
  }

  /** Takes events into a generation: all of them or none, and each once, however often it comes. */
  take(generation: number, events: readonly RecordedAccountEvent[]): Promise<void> {
    return this.#inTurn(() => this.#add(generation, events));
  }

  discard(generation: number): Promise<void> {
    return this.#inTurn(() => rm(this.fileOf(generation), { force: true }));
  }

  /** One after the other: a generation may be discarded while the last events that it was given are being written. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #add(generation: number, events: readonly RecordedAccountEvent[]): Promise<void> {
    // From the file: another process may have written it since.
    const balances = new Map(await this.read(generation));
    for (const event of events) {
      const { version = 0, balance = 0 } = balances.get(event.stream) ?? {};
      if (event.version <= version) {
        this.repeated++;
        continue;
      }
      if (event.version > version + 1) {
        throw new Error(`Expected version ${version + 1} of '${event.stream}', got version ${event.version}.`);
      }
      balances.set(event.stream, { balance: Account.evolve({ balance }, event).balance, version: event.version });
    }
    await this.#write(generation, balances);
  }

  /** A crash leaves the old file or the new one, never half of it: a file gets its name when it is complete. */
  async #write(generation: number, balances: Balances): Promise<void> {
    const file = this.fileOf(generation);
    await writeFile(`${file}.new`, JSON.stringify([...balances]), { flush: true });
    await rename(`${file}.new`, file);
  }
}

/** The projection that keeps the files up to date. A batch is one write. */
export function balanceProjection(files: BalanceFiles): BatchedProjectionDefinition<(typeof accountEvents)[number]> {
  return {
    name: 'balances',
    events: accountEvents,
    streams: { prefix: `${Account.name}-` },
    on: (events, { generation }) => files.take(generation, events),
    batch: { maxSize: 500, maxWaitMs: 5 },
    prepare: (generation) => files.begin(generation),
    discard: (generation) => files.discard(generation),
  };
}
