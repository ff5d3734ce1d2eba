import mitt from 'mitt';
import type { OpenEmitter } from './emitter.ts';
import { Stamped } from './stamped.ts';

// Its types are those of a CommonJS module, and it is none.
const createMitt = mitt as unknown as typeof mitt.default;

export const openEmitter: OpenEmitter = (handlers) => {
  const emitter = createMitt<{ moved: Stamped }>();
  for (const handler of handlers) emitter.on('moved', handler);
  return (amount) => emitter.emit('moved', new Stamped('moved', amount));
};
