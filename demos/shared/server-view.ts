/** What a server says itself, asked with its own client. */
export interface ServerView extends AsyncDisposable {
  /** How many events of the run it was given. */
  events(): Promise<number>;
  /** How many copies of them its consumers have yet to settle. */
  unsettled(): Promise<number>;
  /** Removes what the run has made on it, when nobody uses it any more. */
  remove(): Promise<void>;
}
