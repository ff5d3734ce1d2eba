import { foreignName, rememberedNames } from '../broker/remembered-names.ts';

/** What the binding of CloudEvents to Kafka puts before the names of attributes. */
const CLOUD_EVENTS = 'ce_';
/** Before names of ours. */
const OWN = 'millrace-';
/** Before a name that would be read as something else. */
const ESCAPE = 'millrace-header-';

/** The name that a header of a message has on the wire. */
export const wireName: (name: string) => string = /* @__PURE__ */ rememberedNames(translate);

/** The name that a header on the wire has in a message; undefined for one that is not of the message. */
export const readName: (name: string) => string | undefined = /* @__PURE__ */ rememberedNames(translateBack);

function translate(name: string): string {
  if (name.startsWith('ce-')) return CLOUD_EVENTS + name.slice('ce-'.length);
  return name.startsWith(CLOUD_EVENTS) || name.startsWith(OWN) ? ESCAPE + name : name;
}

function translateBack(name: string): string | undefined {
  if (name.startsWith(CLOUD_EVENTS)) return `ce-${name.slice(CLOUD_EVENTS.length)}`;
  if (name.startsWith(ESCAPE)) return name.slice(ESCAPE.length);
  if (name.startsWith(OWN)) return undefined;
  return foreignName(name);
}
