/** A text of an error, with neither its user nor its password. */
export function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replaceAll(/\/\/[^\s/@]*@/g, '//').replace(/[\s.]+$/, '');
}
