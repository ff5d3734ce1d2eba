import { readFile } from 'node:fs/promises';

/** A `ts` block of a document, or of a comment in a source. */
export interface CodeBlock {
  /** Where its fence stands, as in `README.md:12`. */
  readonly place: string;
  /** Its code, moved down to where it stands: an error in it names a line of the document. */
  readonly code: string;
}

export async function codeBlocks(file: string): Promise<CodeBlock[]> {
  const text = await readFile(file, 'utf8');
  const lines = text.split('\n').map((line) => (file.endsWith('.ts') ? line.replace(/^\s*\* ?/, '') : line));
  const fences = lines.map((line) => line.trim()); // A list indents its blocks.
  const blocks: CodeBlock[] = [];
  for (let start = fences.indexOf('```ts'); start !== -1; start = fences.indexOf('```ts', start)) {
    const end = fences.indexOf('```', start);
    if (end === -1) throw new SyntaxError(`Expected the block at ${file}:${start + 1} to end with \`\`\`, got none.`);
    const code = '\n'.repeat(start + 1) + lines.slice(start + 1, end).join('\n');
    blocks.push({ place: `${file}:${start + 1}`, code });
    start = end;
  }
  return blocks;
}
