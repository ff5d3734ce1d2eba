import type { Aggregate } from './aggregate.ts';
import { type DocumentStore, SNAPSHOT_KIND } from './document-store.ts';
import { readRichText, richText } from './rich-text.ts';

/** A state that was kept, so that a load need not begin with the first event. */
export interface Snapshot<State> {
  readonly state: State;
  /** The stream's version then. */
  readonly version: number;
  /** The event of that version: what shows that it is still the same stream. */
  readonly eventId: string;
  /** The revision of its document. */
  readonly revision: number;
}

/** What is written. */
interface Kept<State> extends Omit<Snapshot<State>, 'revision'> {
  readonly aggregate: string;
  readonly stateVersion: number;
}

/** Keeps the snapshots of an aggregate. They only save time: one that is missing, damaged, or of another form of the state is as good as none. */
export class Snapshots<State> {
  readonly #documents: DocumentStore;
  readonly #aggregate: Pick<Aggregate<State, never>, 'name' | 'stateVersion'>;

  constructor(documents: DocumentStore, aggregate: Pick<Aggregate<State, never>, 'name' | 'stateVersion'>) {
    this.#documents = documents;
    this.#aggregate = aggregate;
  }

  async load(stream: string): Promise<Snapshot<State> | undefined> {
    const document = await this.#documents.get(SNAPSHOT_KIND, stream);
    if (document === undefined) return undefined;
    const { aggregate, stateVersion, ...snapshot } = readKept<State>(document.value) ?? {};
    const { name, stateVersion: current } = this.#aggregate;
    if (aggregate !== name || stateVersion !== current || snapshot.version === undefined) return undefined;
    return { ...(snapshot as Kept<State>), revision: document.revision };
  }

  /** Keeps a state, unless another process has kept one since `revision`. */
  async save(stream: string, { state, version, eventId, revision }: Snapshot<State>): Promise<void> {
    const { name, stateVersion } = this.#aggregate;
    const kept: Kept<State> = { aggregate: name, stateVersion, version, eventId, state };
    await this.#documents.put(SNAPSHOT_KIND, stream, richText(kept, `the state of '${stream}'`), revision);
  }
}

function readKept<State>(text: string): Partial<Kept<State>> | undefined {
  try {
    return readRichText(text) as Partial<Kept<State>>;
  } catch {
    return undefined;
  }
}
