import type { MessageHeaders } from '../core/message.ts';

/**
 * An event to append. A message made by `definition.create(…)` is one, and so is plain data such as
 * `{ type: 'account.deposited', data: { amount: 40 } }`.
 */
export interface NewEvent<Type extends string = string, Data = unknown> {
  /** What happened, such as `'account.deposited'`. */
  readonly type: Type;
  /** What JSON can keep. */
  readonly data: Data;
  /** Unique in its store: an append that is repeated with the same ids is recognised. @defaultValue made by the store's `createId` */
  readonly id?: string;
  /** Epoch milliseconds. @defaultValue now, by the store's scheduler */
  readonly time?: number;
  /** Which program or part it comes from. */
  readonly source?: string | undefined;
  /** What it is about. */
  readonly subject?: string | undefined;
  /** Correlation, causation, trace and your own. */
  readonly headers?: MessageHeaders;
}
