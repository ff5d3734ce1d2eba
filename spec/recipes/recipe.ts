import { readFile } from 'node:fs/promises';
import { type CodeBlock, codeBlocks } from '../support/code-blocks.ts';

/** The first block of a language below a heading of the README. */
export async function recipe(heading: string, language = 'ts'): Promise<CodeBlock> {
  const lines = (await readFile('README.md', 'utf8')).split('\n');
  const start = lines.indexOf(heading);
  const end = lines.findIndex((line, index) => index > start && /^##+ /.test(line));
  for (const block of await codeBlocks('README.md', [language])) {
    const line = Number(block.place.split(':')[1]) - 1;
    if (line > start && line < end) return block;
  }
  throw new Error(`Expected a ${language} block below '${heading}' in README.md, got none.`);
}
