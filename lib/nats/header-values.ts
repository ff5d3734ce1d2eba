/** Attributes of CloudEvents: their binding for NATS has values percent-encoded, as that for HTTP has. */
const CLOUD_EVENTS = 'ce-';
/** What that binding leaves as it is. */
const PLAIN = /^[!#$&-~]*$/;

/** Whether a value cannot travel as it is: lines end headers, and spaces at the ends are dropped on the way. */
export function needsEscape(value: string): boolean {
  return /[\r\n]/.test(value) || value.trim().length !== value.length;
}

/** A value that anybody can still read; only what would be lost is percent-encoded. */
export function escaped(value: string): string {
  return value.replaceAll(/[%\r\n]|^\s+|\s+$/gu, encodeURIComponent);
}

/** The value of an attribute of CloudEvents on the wire. */
export function attribute(value: string): string {
  return PLAIN.test(value) ? value : value.replaceAll(/[^!#$&-~]/gu, percentEncoded);
}

/** Whether a header is such an attribute. */
export function isAttribute(name: string): boolean {
  return name.startsWith(CLOUD_EVENTS);
}

/** What was meant; a text that is not encoded so stays as it is. */
export function unescaped(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function percentEncoded(character: string): string {
  // Half of a pair is no character: UTF-8 has a mark for it.
  return /\p{Surrogate}/u.test(character) ? '%EF%BF%BD' : encodeURIComponent(character);
}
