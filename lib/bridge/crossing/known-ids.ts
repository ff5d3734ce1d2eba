import { AgedMap } from '../../core/aged-map.ts';

/** Memory has a bound: beyond it, the oldest ids are forgotten. */
const MOST_IDS = 50_000;

/** The bus's own. */
const OWN: object = /* @__PURE__ */ Object.freeze({});

/** Those of each bus: its bridges must know of each other, or an event could come back by another one. */
const BUSES: WeakMap<object, KnownIds> = /* @__PURE__ */ new WeakMap();

/** What the bridges of a bus share. */
export function knownIdsOf(bus: object): KnownIds {
  let known = BUSES.get(bus);
  if (known === undefined) {
    known = new KnownIds();
    BUSES.set(bus, known);
  }
  return known;
}

/**
 * The ids of the events that have crossed the bridges of a bus lately, and where each came from. So an event that comes by two ways is taken once, and none goes back the way it came: any number of
 * buses may be bridged, in circles, too.
 */
export class KnownIds {
  readonly #origins = new AgedMap<string, object>();
  readonly #inProgress = new Map<string, Promise<boolean>>();

  /** Whether an event came by this bridge, which must not send it back. */
  isFrom(id: string, bridge: object): boolean {
    return this.#origins.get(id) === bridge;
  }

  /** An event leaves the bus: it is its own, unless another bridge has brought it. */
  note(id: string): void {
    if (!this.#origins.has(id)) this.#add(id, OWN);
  }

  /**
   * Takes an event that has arrived, unless it is known.
   *
   * @param take - resolves with whether the bus has taken it; if not, it may come again
   * @returns whether the bus has it, and whether it had it before
   */
  async take(id: string, bridge: object, take: () => Promise<boolean>): Promise<'duplicate' | 'refused' | 'taken'> {
    const earlier = this.#inProgress.get(id);
    // Who sent it again must not be told that it is safe before it is.
    if (earlier !== undefined) return (await earlier) ? 'duplicate' : 'refused';
    if (this.#origins.has(id)) return 'duplicate';
    this.#add(id, bridge);
    const taking = take();
    this.#inProgress.set(id, taking);
    try {
      if (await taking) return 'taken';
      this.#origins.delete(id);
      return 'refused';
    } catch (error) {
      this.#origins.delete(id);
      throw error;
    } finally {
      this.#inProgress.delete(id);
    }
  }

  #add(id: string, origin: object): void {
    this.#origins.set(id, origin);
    while (this.#origins.size > MOST_IDS) this.#origins.delete(this.#origins.oldest!.key);
  }
}
