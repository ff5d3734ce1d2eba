/** Aggregates in a store, as rows use them. */
export interface Accounts {
  /** Makes an aggregate with so many events, of which the last `tail` came after its newest snapshot, if there are snapshots. */
  fill(id: string, events: number, tail: number): Promise<void>;
  /** Executes a command that leads to one event; returns the version after it. */
  execute(id: string): Promise<number>;
  /** Returns the version. */
  load(id: string): Promise<number>;
}

/** Opens them on a database of their own. */
export type OpenAccounts = () => Promise<Accounts>;
