/** As programs use few names, each is translated once. */
const MOST_NAMES = 1_000;

/** A translation of the names of headers that remembers the first thousand. */
export function rememberedNames<Value>(translate: (name: string) => Value): (name: string) => Value {
  const known = new Map<string, Value>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined || known.has(name)) return before as Value;
    const value = translate(name);
    if (known.size < MOST_NAMES) known.set(name, value);
    return value;
  };
}

/** A name that another program has given to a header, which may be any text, as a message can have it. */
export function foreignName(name: string): string {
  return name.replaceAll(/[^!-~]+/gu, encodeURIComponent);
}
