import { createNanoEvents } from 'nanoevents';
import type { OpenEmitter, Receive } from './emitter.ts';
import { Stamped } from './stamped.ts';

export const openEmitter: OpenEmitter = (handlers) => {
  const emitter = createNanoEvents<{ moved: Receive }>();
  for (const handler of handlers) emitter.on('moved', handler);
  return (amount) => emitter.emit('moved', new Stamped('moved', amount));
};
