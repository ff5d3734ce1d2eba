import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from '../shared/random.ts';
import type { Stage, Victim } from '../shared/victim.ts';

/** What a kill can find. */
export interface Victims {
  readonly writer: Pick<Victim<never>, 'isReady' | 'kill' | 'kills' | 'name' | 'reached' | 'start' | 'starts'>;
  readonly projection: Victims['writer'];
  /** Called between a writer's last report and its next life. */
  readonly onWriterDead: () => void;
}

/** Whom a kill hits, and how often; the rest of the kills hit both. */
const SHARES = { writer: 0.5, projection: 0.3 };
/** How many kills hit somebody who is still opening the store, as far as the clock can hit that. */
const SHARE_WHILE_OPENING = 0.25;
/** A kill comes at most so long after its victims have come so far, in milliseconds. */
const LATEST_MS: Readonly<Record<Stage, number>> = { opening: 25, ready: 250 };

/** Kills one of the two or both, when it likes, and starts them again. */
export class Killer {
  kills = 0;
  readonly hits = { 'of the writer': 0, 'of the projection': 0, 'of both at once': 0 };
  readonly victims: Victims;
  readonly #random: () => number;

  constructor(seed: number, victims: Victims) {
    this.victims = victims;
    this.#random = createRandom(String(seed));
  }

  /** @returns whom it has hit, in words; nothing if it was stopped before */
  async strike(stop: AbortSignal): Promise<string | undefined> {
    const { writer, onWriterDead } = this.victims;
    const [hit, hits] = this.#choose();
    const stage = this.#random() < SHARE_WHILE_OPENING ? 'opening' : 'ready';
    const delayMs = this.#random() * LATEST_MS[stage];
    await Promise.all(hits.map(async (victim) => victim.reached(stage)));
    await sleep(delayMs, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return undefined;
    this.kills++;
    this.hits[hit]++;
    const words = hits.map(({ name, isReady }) => `the ${name} ${isReady ? 'at work' : 'on its way there'}`);
    await Promise.all(hits.map(async (victim) => victim.kill()));
    if (hits.includes(writer)) onWriterDead();
    for (const victim of hits) victim.start();
    return words.join(', and ');
  }

  #choose(): readonly [keyof Killer['hits'], readonly Victims['writer'][]] {
    const { writer, projection } = this.victims;
    const chance = this.#random();
    if (chance < SHARES.writer) return ['of the writer', [writer]];
    if (chance < SHARES.writer + SHARES.projection) return ['of the projection', [projection]];
    return ['of both at once', [writer, projection]];
  }
}
