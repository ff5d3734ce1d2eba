import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { librarySources } from '../support/library-sources.ts';

// Without the line, a user whose `lib` ends at ES2022 cannot compile; without `preserve`, tsc drops it.
const reference = '/// <reference lib="esnext.disposable" preserve="true" />\n';

it.each(await librarySources())('%s refers to esnext.disposable if it names what that declares', async (file) => {
  const source = await readFile(file, 'utf8');
  const code = source.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '');
  const isNamed = /\bSymbol\.(?:dispose|asyncDispose)\b|\b(?:Async)?Disposable(?:Stack)?\b/.test(code);
  expect(source.startsWith(reference)).toBe(isNamed);
});
