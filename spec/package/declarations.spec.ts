import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { librarySources } from '../support/library-sources.ts';

// Without the line, a user whose `lib` ends at ES2022 cannot compile; without `preserve`, tsc drops it.
const reference = '/// <reference lib="esnext.disposable" preserve="true" />\n';

it('refers to esnext.disposable in the sources that name what it declares, and in no other', async () => {
  const wrong: string[] = [];
  for (const file of await librarySources()) {
    const source = await readFile(file, 'utf8');
    const code = source.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '');
    const isNamed = /\bSymbol\.(?:dispose|asyncDispose)\b|\b(?:Async)?Disposable(?:Stack)?\b/.test(code);
    if (source.startsWith(reference) !== isNamed) wrong.push(file);
  }
  expect(wrong).toStrictEqual([]);
});
