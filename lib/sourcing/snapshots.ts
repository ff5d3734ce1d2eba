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
}

/** What there is of a stream. */
export interface FoundSnapshot<State> {
  /** Absent if there is none that fits. */
  readonly snapshot: Snapshot<State> | undefined;
  /** The revision of the document, whatever is in it; 0 if there is none. */
  readonly revision: number;
}

/** What is written. */
interface Kept<State> extends Snapshot<State> {
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

  async load(stream: string): Promise<FoundSnapshot<State>> {
    const document = await this.#documents.get(SNAPSHOT_KIND, stream);
    if (document === undefined) return { snapshot: undefined, revision: 0 };
    const kept = readKept<State>(document.value);
    const { name, stateVersion } = this.#aggregate;
    const isFitting = kept?.aggregate === name && kept.stateVersion === stateVersion;
    return { snapshot: isFitting ? kept : undefined, revision: document.revision };
  }

  /** Keeps a state, unless another process has kept one since `revision`. */
  async save(stream: string, { state, version, eventId }: Snapshot<State>, revision: number): Promise<void> {
    const { name, stateVersion } = this.#aggregate;
    const kept: Kept<State> = { aggregate: name, stateVersion, version, eventId, state };
    await this.#documents.put(SNAPSHOT_KIND, stream, richText(kept, `the snapshot of '${stream}'`), revision);
  }

  remove(stream: string): Promise<void> {
    return this.#documents.remove(SNAPSHOT_KIND, stream);
  }
}

function readKept<State>(text: string): Kept<State> | undefined {
  try {
    const kept = readRichText(text) as Kept<State>;
    return 'state' in kept && Number.isSafeInteger(kept.version) && kept.version > 0 ? kept : undefined;
  } catch {
    return undefined;
  }
}
