import type { Stamped } from './stamped.ts';

/** What is called with each message. */
export type Receive = (message: Pick<Stamped, 'data'>) => void;

/** Registers handlers on a fresh emitter, and returns how to emit an event of this amount to them. */
export type OpenEmitter = (handlers: readonly Receive[]) => (amount: number) => void;
