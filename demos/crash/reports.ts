/** What the writer says of an append: before it sends it, and when it was acknowledged. */
export type AppendReport =
  | { readonly kind: 'sent'; readonly lane: number; readonly number: number }
  | {
      readonly kind: 'acknowledged';
      readonly lane: number;
      readonly number: number;
      /** Of its stream, after it. */
      readonly version: number;
      /** Whether it was there already. */
      readonly isRepeated: boolean;
    };

/** What the projection says of a batch, when it is in the read model. */
export interface TakenReport {
  readonly kind: 'taken';
  readonly events: number;
  /** How many of them were in it already. */
  readonly repeated: number;
}

/** Where a lane stands, as far as is known: its next append, and the version of its stream. */
export interface LaneState {
  readonly next: number;
  readonly version: number;
}
