import { readdir } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, openChromium } from '../support/chromium.ts';
import { serveFiles, type Site } from '../support/serve-files.ts';
import { buildSpecs } from './build-specs.ts';
import { EXCLUDED } from './excluded.ts';
import type { FileResult } from './file-result.ts';
import { SpecPage } from './spec-page.ts';

/** As in vitest.config.ts. */
const TEST_TIMEOUT_MS = 20_000;

/** A test for each spec file of these folders of spec/, which fails with what fails in Chromium. */
export async function runInChromium(folders: readonly string[]): Promise<void> {
  const files = await specFiles(folders);
  const included = files.filter((file) => EXCLUDED[file] === undefined);
  const excluded = files.flatMap((file) => (EXCLUDED[file] === undefined ? [] : [`${file} (${EXCLUDED[file]})`]));

  describe.skipIf(chromiumPath === undefined)('in Chromium', () => {
    let site: Site;
    let page: SpecPage;
    let tests = 0;

    beforeAll(async () => {
      site = await serveFiles(await buildSpecs(included));
      const allowOnly = process.env['CI'] !== 'true';
      page = new SpecPage(await openChromium(), site.url, { testTimeoutMs: TEST_TIMEOUT_MS, allowOnly });
    }, 60_000);

    afterAll(async () => {
      await site?.[Symbol.asyncDispose]();
      console.log(`in Chromium: ${tests} tests of ${folders.join(', ')}; without ${excluded.join(', ')}`);
    });

    it.each(included)('%s', { timeout: 120_000 }, async (file) => {
      const result = await page.run(file);
      expect(failuresOf(result)).toBe('');
      tests += result.tests.filter(({ state }) => state === 'pass').length;
    });

    for (const name of excluded) it.skip(name);
  });
}

/** Those of these folders of spec/, as in `spec/flow/batch.spec.ts`. */
async function specFiles(folders: readonly string[]): Promise<readonly string[]> {
  const found = folders.map(async (folder) => {
    const names = await readdir(`spec/${folder}`, { recursive: true });
    return names.filter((name) => name.endsWith('.spec.ts')).map((name) => `spec/${folder}/${name}`);
  });
  return (await Promise.all(found)).flat().toSorted();
}

/** What failed, with its names and messages; nothing if all is well. */
export function failuresOf({ tests, errors }: FileResult): string {
  const failed = tests.filter(({ state }) => state === 'fail');
  const texts = failed.map(({ name, errors: messages }) => [name, ...messages].join('\n'));
  const hasRun = tests.some(({ state }) => state !== 'skip');
  if (!hasRun && errors.length === 0) return 'Expected a test that runs, got none.';
  return stripVTControlCharacters([...errors, ...texts].join('\n\n'));
}
