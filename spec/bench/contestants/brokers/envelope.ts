import type { Reading } from './traffic.ts';

/** An event as it is handled. */
export interface ReadEvent {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly time: number;
  readonly data: Reading;
}

/** The attributes of an event as headers, whose names begin as the protocol has it. */
export function attributesOf(prefix: string, id: string, type: string): Record<string, string> {
  return {
    [`${prefix}specversion`]: '1.0',
    [`${prefix}id`]: id,
    [`${prefix}type`]: type,
    [`${prefix}source`]: 'sender',
    [`${prefix}time`]: new Date().toISOString(),
  };
}

/** Reads them again. */
export function eventOf(prefix: string, text: (name: string) => string, data: Reading): ReadEvent {
  if (text(`${prefix}specversion`) !== '1.0') throw new Error('Expected a CloudEvent.');
  return {
    id: text(`${prefix}id`),
    type: text(`${prefix}type`),
    source: text(`${prefix}source`),
    time: Date.parse(text(`${prefix}time`)),
    data,
  };
}
