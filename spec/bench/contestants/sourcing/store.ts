/** The events that rows append: some 200 bytes each. */
export interface Deposit {
  readonly type: 'account.deposited';
  readonly data: { readonly amount: number; readonly by: string; readonly text: string };
}

/** A database for events, empty at first, as rows use it. */
export interface StoreUnderTest {
  /** Appends all of them or none, if the stream stands there. */
  append(stream: string, events: readonly Deposit[], expectedVersion?: number): Promise<unknown>;
  /** Reads a stream from its start, and adds up the amounts. */
  readStream(stream: string): Promise<number>;
  /** The same of all streams; absent where there is no such call. */
  readonly readAll?: () => Promise<number>;
  /** Subscribes from the start, until so many have come, and adds up the amounts; absent where there is no such call. `pause` is what a slow reader waits for after each. */
  readonly catchUp?: (events: number, pause?: Pause) => Promise<number>;
  /** The sum of all amounts, as the store of ours reads them whose tables were written by hand. */
  readonly readAsOurs?: () => Promise<number>;
}

/** Told how many events were read. */
export type Pause = (count: number) => Promise<void> | undefined;

/** Opens it, on a database of its own. */
export type OpenStore = () => Promise<StoreUnderTest>;

/** A store in a file, which can be closed and opened again. */
export interface FileStore extends StoreUnderTest {
  readonly catchUp: (events: number, pause?: Pause) => Promise<number>;
  close(): Promise<void>;
}

/** Opens it where it is, or makes it. */
export type OpenFile = (path: string) => Promise<FileStore>;

/** Rows of a page, as all read them. */
export const PAGE = 512;

/** Each of another amount, from 1 on. */
export function deposits(count: number): readonly Deposit[] {
  const text = 'a deposit at the counter, in small coins, '.repeat(3);
  return Array.from({ length: count }, (_, index) => ({
    type: 'account.deposited',
    data: { amount: index + 1, by: 'somebody', text },
  }));
}

/** An id that sorts by time, as the stores' own do, made at little cost. */
export function cheapId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  counter = (counter + 1) % 0x1_00_00_00;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(6, '0')}-${SUFFIX}`;
}

const SUFFIX = crypto.randomUUID().slice(20);
let counter = 0;
