import { createEventBus, defineEvent, payload } from 'millrace';
import type { OpenEmitter } from './emitter.ts';

const Moved = defineEvent('moved', payload<{ amount: number }>());

export const openEmitter: OpenEmitter = (handlers) => {
  const bus = createEventBus();
  for (const handler of handlers) bus.on(Moved, handler);
  return (amount) => void bus.emit(Moved, { amount });
};
