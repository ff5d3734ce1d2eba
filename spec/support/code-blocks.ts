import { readFile } from 'node:fs/promises';

/** A block of code in a document, or in a comment of a source. */
export interface CodeBlock {
  /** Where its fence stands, as in `README.md:12`. */
  readonly place: string;
  /** What its fence says it is. */
  readonly language: string;
  /** Its code, moved down to where it stands: an error in it names a line of the document. */
  readonly code: string;
}

export async function codeBlocks(file: string, languages: readonly string[] = ['ts', 'tsx']): Promise<CodeBlock[]> {
  const text = await readFile(file, 'utf8');
  const lines = text.split('\n').map((line) => (file.endsWith('.ts') ? line.replace(/^\s*\* ?/, '') : line));
  const fences = lines.map((line) => line.trim()); // A list indents its blocks.
  const blocks: CodeBlock[] = [];
  for (let start = 0; start < lines.length; start++) {
    const language = languages.find((name) => fences[start] === `\`\`\`${name}`);
    if (language === undefined) continue;
    const end = fences.indexOf('```', start);
    if (end === -1) throw new SyntaxError(`Expected the block at ${file}:${start + 1} to end with \`\`\`, got none.`);
    const code = '\n'.repeat(start + 1) + lines.slice(start + 1, end).join('\n');
    blocks.push({ place: `${file}:${start + 1}`, language, code });
    start = end;
  }
  return blocks;
}
