/** Works on what it is given, at most so many at a time, by hand: what nothing else is needed for. */
export class Pool<Item> {
  /** Resolves when so many are done. */
  readonly done: Promise<void>;
  readonly #concurrency: number;
  readonly #work: (item: Item) => Promise<void>;
  #waiting: Item[] = [];
  #first = 0;
  #running = 0;
  #left: number;
  #resolve!: () => void;
  #reject!: (error: unknown) => void;

  constructor(concurrency: number, count: number, work: (item: Item) => Promise<void>) {
    this.#concurrency = concurrency;
    this.#left = count;
    this.#work = work;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  push(item: Item): void {
    this.#waiting.push(item);
    if (this.#running < this.#concurrency) this.#start();
  }

  #start(): void {
    const item = this.#waiting[this.#first]!;
    this.#waiting[this.#first++] = undefined as Item;
    if (this.#first === this.#waiting.length) {
      this.#waiting = [];
      this.#first = 0;
    }
    this.#running++;
    this.#work(item).then(this.#next, this.#reject);
  }

  readonly #next = (): void => {
    this.#running--;
    if (--this.#left === 0) this.#resolve();
    else if (this.#waiting.length > 0) this.#start();
  };
}
