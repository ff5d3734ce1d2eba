import { Bus } from '@rxfx/bus';
import type { OpenEmitter } from './emitter.ts';
import { Stamped } from './stamped.ts';

export const openEmitter: OpenEmitter = (handlers) => {
  const bus = new Bus<Stamped>();
  for (const handler of handlers) bus.listen(({ type }) => type === 'moved', handler);
  return (amount) => bus.trigger(new Stamped('moved', amount));
};
