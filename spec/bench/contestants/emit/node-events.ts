import { EventEmitter } from 'node:events';
import type { OpenEmitter } from './emitter.ts';
import { Stamped } from './stamped.ts';

export const openEmitter: OpenEmitter = (handlers) => {
  const emitter = new EventEmitter().setMaxListeners(handlers.length);
  for (const handler of handlers) emitter.on('moved', handler);
  return (amount) => void emitter.emit('moved', new Stamped('moved', amount));
};
