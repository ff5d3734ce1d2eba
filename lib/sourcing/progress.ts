import type { DocumentStore } from './document-store.ts';
import { leased } from './lease.ts';
import type { Checkpoint } from './recorded-event.ts';
import type { Place } from './settled-line.ts';

/** The kind of document that a projection's progress is. */
export const PROGRESS_KIND = 'projection';

/** What is kept of a projection. */
export interface Progress {
  /** The generation that readers should use. */
  readonly generation: number;
  /** Up to where it is settled. */
  readonly place?: Place | undefined;
  /** Generations that are there besides, for nobody to read: one that is being built, and those to be discarded. Whoever has the next turn discards them. */
  readonly others?: readonly number[];
}

/** What is known of a projection, whichever process runs it. */
export interface ProjectionProgress {
  /** The generation that readers should use. */
  readonly generation: number;
  /** All was settled up to here when it was last kept. */
  readonly checkpoint: Checkpoint | undefined;
}

/**
 * Reads which generation of a projection is the one to read, in a process that does not run it.
 *
 * @param documents - where its progress is kept: `store.documents`, unless it was told otherwise
 * @returns nothing if it has never run
 */
export async function projectionProgress(
  documents: DocumentStore,
  name: string,
): Promise<ProjectionProgress | undefined> {
  const { value } = leased<Progress>(await documents.get(PROGRESS_KIND, name));
  return value && { generation: value.generation, checkpoint: value.place?.checkpoint };
}
