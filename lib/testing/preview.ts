/** How deep, how many of each collection, and how long a preview goes. */
const DEPTH = 4;
const ENTRIES = 20;
const LENGTH = 500;
const LINE_BREAK = /[\n\r\u2028\u2029]/gu;

/** A value in short, as a literal, in one line: for the texts of a test kit. The same from run to run, and it never throws. */
export function preview(value: unknown, maxLength: number = LENGTH): string {
  let text: string;
  try {
    text = render(value, DEPTH, []).replaceAll(LINE_BREAK, escaped);
  } catch {
    text = '[unreadable]';
  }
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}

function render(value: unknown, depth: number, parents: readonly unknown[]): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'bigint':
      return `${value}n`;
    case 'function':
      return value.name === '' ? '[function]' : `[function ${value.name}]`;
    case 'object':
      return value === null ? 'null' : renderObject(value, depth, parents);
    default:
      return Object.is(value, -0) ? '-0' : String(value);
  }
}

function renderObject(value: object, depth: number, parents: readonly unknown[]): string {
  if (parents.includes(value)) return '[circular]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString();
  if (value instanceof RegExp) return String(value);
  if (value instanceof Error) return `[${value.name}: ${value.message}]`;
  const inside = [...parents, value];
  const show = (part: unknown): string => (depth === 0 ? '…' : render(part, depth - 1, inside));
  if (Array.isArray(value)) return list('[', value, show, ']');
  if (value instanceof Set) return list('Set {', [...value], show, '}');
  if (value instanceof Map) return list('Map {', [...value], ([key, part]) => `${show(key)} => ${show(part)}`, '}');
  if (ArrayBuffer.isView(value)) return `${nameOf(value)}(${value.byteLength} bytes)`;
  const own = Object.entries(value);
  const name = nameOf(value);
  const opening = name === 'Object' || name === '' ? '{' : `${name} {`;
  return list(opening, own, ([key, part]) => `${/^[\w$]+$/u.test(key) ? key : quoted(key)}: ${show(part)}`, '}');
}

function list<Part>(opening: string, parts: readonly Part[], show: (part: Part) => string, closing: string): string {
  const shown = parts.slice(0, ENTRIES).map(show);
  if (parts.length > ENTRIES) shown.push('…');
  if (shown.length === 0) return opening + closing;
  const [before, after] = opening === '[' ? ['', ''] : [' ', ' '];
  return `${opening}${before}${shown.join(', ')}${after}${closing}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** In the text of an error as in a string. */
function escaped(lineBreak: string): string {
  if (lineBreak === '\n') return '\\n';
  return lineBreak === '\r' ? '\\r' : `\\u${lineBreak.charCodeAt(0).toString(16)}`;
}

function nameOf(value: object): string {
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null;
  return prototype?.constructor?.name ?? '';
}
