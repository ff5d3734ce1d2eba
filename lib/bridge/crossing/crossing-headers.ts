/** Headers that cross a bridge, and the attributes that CloudEvents has for them. Any other would let a stranger say what only our own handlers say. */
export const CROSSING_HEADERS: readonly (readonly [header: string, attribute: string])[] = [
  ['correlationId', 'correlationid'],
  ['causationId', 'causationid'],
  ['traceparent', 'traceparent'],
];
