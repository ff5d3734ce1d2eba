import { EventEmitter } from 'eventemitter3';
import type { OpenEmitter } from './emitter.ts';
import { Stamped } from './stamped.ts';

export const openEmitter: OpenEmitter = (handlers) => {
  const emitter = new EventEmitter();
  for (const handler of handlers) emitter.on('moved', handler);
  return (amount) => void emitter.emit('moved', new Stamped('moved', amount));
};
