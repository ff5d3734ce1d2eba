import type { BusHandlerContext, HandlerContext } from 'millrace';

/** One call of a {@link HeldHandler}. */
export interface HeldCall<Event, Context extends HandlerContext = BusHandlerContext> {
  readonly event: Event;
  readonly context: Context;
  succeed(): void;
  fail(error?: unknown): void;
}

/** A handler whose every call ends when the spec says so. */
export class HeldHandler<Event, Context extends HandlerContext = BusHandlerContext> {
  readonly calls: HeldCall<Event, Context>[] = [];
  /** The calls that have not ended yet. */
  readonly open = new Set<HeldCall<Event, Context>>();

  /** The call of this index, from 0; -1 is the latest. */
  call(index: number): HeldCall<Event, Context> {
    const call = this.calls.at(index);
    if (call === undefined) throw new RangeError(`Expected call ${index}, got ${this.calls.length} calls.`);
    return call;
  }

  handle = (event: Event, context: Context): Promise<void> =>
    new Promise((resolve, reject) => {
      const call: HeldCall<Event, Context> = {
        event,
        context,
        succeed: () => {
          this.open.delete(call);
          resolve();
        },
        fail: (error) => {
          this.open.delete(call);
          reject(error);
        },
      };
      this.calls.push(call);
      this.open.add(call);
    });
}
