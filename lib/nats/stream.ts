import { BrokerUnavailableError, TopologyError } from '../broker/broker-errors.ts';
import { MillraceError } from '../core/errors.ts';
import { textOf } from './failures.ts';
import { type JetStreamApi, JetStreamRefusal, type StreamConfig } from './jet-stream-api.ts';
import { covers } from './subjects.ts';

/** Topics that were looked at once, at most. */
const MOST_KNOWN = 10_000;

/** A stream on the server: made, or looked for, when it is first used. */
export class Stream {
  readonly #api: JetStreamApi;
  readonly #config: StreamConfig;
  readonly #manage: boolean;
  readonly #ending: AbortSignal;
  readonly #known = new Set<string>();
  #subjects: readonly string[] | undefined;
  #looking: Promise<readonly string[]> | undefined;

  /** @param ending - aborted when nobody needs it any more */
  constructor(api: JetStreamApi, config: StreamConfig, manage: boolean, ending: AbortSignal) {
    this.#api = api;
    this.#config = config;
    this.#manage = manage;
    this.#ending = ending;
  }

  get name(): string {
    return this.#config.name;
  }

  /** Whether it was there when it was last looked for. */
  get isThere(): boolean {
    return this.#subjects !== undefined;
  }

  /** It may have been deleted: it is looked for again. */
  forget(): void {
    this.#subjects = undefined;
    this.#known.clear();
  }

  /**
   * Waits until it is there.
   *
   * @throws TopologyError when it is missing and may not be made, or cannot be made; what `JetStreamApi.ask` throws
   */
  async stand(): Promise<void> {
    if (this.#subjects !== undefined) return;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    this.#subjects = await this.#looking;
  }

  /** Looks for it, if it may not be made. @throws as `stand` */
  async check(): Promise<void> {
    if (!this.#manage) await this.stand();
  }

  /** @throws TopologyError for a subject of which it does not keep all; it must have been there */
  expectCovered(subject: string): void {
    if (this.#known.has(subject)) return;
    const subjects = this.#subjects ?? [];
    if (!subjects.some((outer) => covers(outer, subject))) {
      throw new TopologyError(
        `Expected stream '${this.name}' to keep '${subject}', got one that keeps ${subjects.map((one) => `'${one}'`).join(', ')}. Add the subject to it, choose another stream, or another subjectPrefix.`,
      );
    }
    if (this.#known.size < MOST_KNOWN) this.#known.add(subject);
  }

  async #look(): Promise<readonly string[]> {
    const { name } = this;
    try {
      return subjectsOf(await this.#api.ask<StreamAnswer>(`STREAM.INFO.${name}`, undefined, this.#ending));
    } catch (error) {
      if (!(error instanceof JetStreamRefusal && error.isMissing)) throw refusalOf(error, `stream '${name}'`);
      if (!this.#manage) {
        throw new TopologyError(
          `Expected stream '${name}', got none on the server. Make it, or let the broker make it with 'manage: true'.`,
          { cause: error },
        );
      }
    }
    return this.#make();
  }

  async #make(): Promise<readonly string[]> {
    const { name, subjects = [] } = this.#config;
    try {
      return subjectsOf(await this.#api.ask<StreamAnswer>(`STREAM.CREATE.${name}`, this.#config, this.#ending));
    } catch (error) {
      throw refusalOf(error, `to make stream '${name}' with the subjects ${subjects.join(', ')}`);
    }
  }
}

/** What the server says of a stream. */
interface StreamAnswer {
  readonly config: StreamConfig;
}

function subjectsOf({ config: { name, subjects = [name] } }: StreamAnswer): readonly string[] {
  return subjects;
}

/** A refusal in our words; what is none stays as it is. */
export function refusalOf(error: unknown, what: string): unknown {
  if (error instanceof MillraceError || !(error instanceof JetStreamRefusal)) return error;
  const text = `Expected ${what}, got: ${textOf(error)}.`;
  const options = { cause: error };
  if (error.status === 503) return new BrokerUnavailableError(`${text} Try again later.`, options);
  return new TopologyError(
    `${text} Look at it with 'nats stream' and 'nats consumer', and give it other options.`,
    options,
  );
}
