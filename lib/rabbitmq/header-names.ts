import { foreignName, rememberedNames } from '../broker/remembered-names.ts';

/** What the binding of CloudEvents to AMQP puts before the names of attributes; `cloudEvents_` is there for clients that cannot write a colon. */
const CLOUD_EVENTS = /^cloudEvents[:_]/;
/** Before a name that would mean something to the server, or to us. */
const ESCAPE = 'x-millrace-header-';
/** Names that a server writes or reads. */
const SERVERS = /^(?:B?CC|x-(?:death|delivery-count|acquired-count|(?:first|last)-death-.*))$/;

/** The name that a header of a message has on the wire. */
export const wireName: (name: string) => string = /* @__PURE__ */ rememberedNames(translate);

/** The name that a header on the wire has in a message; undefined for one that is not of the message. */
export const readName: (name: string) => string | undefined = /* @__PURE__ */ rememberedNames(translateBack);

function translate(name: string): string {
  if (name.startsWith('ce-')) return `cloudEvents:${name.slice('ce-'.length)}`;
  if (CLOUD_EVENTS.test(name) || SERVERS.test(name) || name.startsWith('x-millrace-')) return ESCAPE + name;
  return name;
}

function translateBack(name: string): string | undefined {
  if (CLOUD_EVENTS.test(name)) return `ce-${name.slice('cloudEvents:'.length)}`;
  if (name.startsWith(ESCAPE)) return name.slice(ESCAPE.length);
  if (name.startsWith('x-millrace-') || SERVERS.test(name)) return undefined;
  return foreignName(name);
}
