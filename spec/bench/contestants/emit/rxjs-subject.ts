import { Subject } from 'rxjs';
import type { OpenEmitter } from './emitter.ts';
import { Stamped } from './stamped.ts';

export const openEmitter: OpenEmitter = (handlers) => {
  const subject = new Subject<Stamped>();
  for (const handler of handlers) subject.subscribe(handler);
  return (amount) => subject.next(new Stamped('moved', amount));
};
