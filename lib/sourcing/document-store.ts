/** A document and how often it was written. */
export interface StoredDocument {
  /** Unique among its kind. */
  readonly key: string;
  /** JSON. */
  readonly value: string;
  /** 1 when it was put first, and one more with every `put`. */
  readonly revision: number;
}

/** Keeps small JSON texts by kind and key, each with a revision, so that two writers cannot overwrite each other unseen. */
export interface DocumentStore {
  /** The document, if there is one. */
  get(kind: string, key: string): Promise<StoredDocument | undefined>;
  /**
   * Writes a document.
   *
   * @param ifRevision - writes only over this revision; 0: only if there is none. @defaultValue whatever is there
   * @returns whether it was written
   */
  put(kind: string, key: string, value: string, ifRevision?: number): Promise<boolean>;
  /** Forgets a document; an unknown one is no error. */
  remove(kind: string, key: string): Promise<void>;
  /** All of a kind, in the order in which they were put first. */
  list(kind: string): Promise<readonly StoredDocument[]>;
}

/** The kind of document that a snapshot of a stream is; its key is the stream. It goes with its stream. */
export const SNAPSHOT_KIND = 'snapshot';
