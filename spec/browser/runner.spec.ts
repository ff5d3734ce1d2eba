import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumPath, openChromium } from '../support/chromium.ts';
import { serveFiles, type Site } from '../support/serve-files.ts';
import { buildSpecs } from './build-specs.ts';
import { EXCLUDED } from './excluded.ts';
import { failuresOf } from './run-in-chromium.ts';
import { SpecPage } from './spec-page.ts';

describe.skipIf(chromiumPath === undefined)('a spec file in Chromium', () => {
  const fixture = (name: string): string => `spec/browser/failing/${name}.fixture.ts`;
  const failing = [
    {
      name: 'assertion',
      failure: /^is not well\nAssertionError: expected .* to deeply equal .*\n[^]*-   "total": 2,\n\+   "total": 1,/,
    },
    { name: 'hook', failure: /^Error: no database\n/ },
    { name: 'import', failure: /^Error: no import\n/ },
    { name: 'nothing', failure: /^Expected a test that runs, got none\.$/ },
    { name: 'only', failure: /^is left from a long night\nError: .* Unexpected \.only modifier/ },
    { name: 'snapshot', failure: /^has changed\nError: Snapshot `has changed 1` mismatched\n/ },
    { name: 'timeout', failure: /^hangs\nError: Test timed out in 20ms/ },
    { name: 'uncaught', failure: /^Uncaught Error: from a timer\n\nunhandled rejection: Error: by nobody$/ },
  ];

  let site: Site;
  let page: SpecPage;

  beforeAll(async () => {
    site = await serveFiles(await buildSpecs(failing.map(({ name }) => fixture(name))));
    page = new SpecPage(await openChromium(), site.url, { testTimeoutMs: 1_000, allowOnly: false });
  }, 60_000);

  afterAll(async () => site?.[Symbol.asyncDispose]());

  it.each(failing)('fails as in Node: $name', async ({ name, failure }) => {
    expect(failuresOf(await page.run(fixture(name)))).toMatch(failure);
  });

  it('counts each test', async () => {
    const { tests } = await page.run(fixture('assertion'));
    expect(tests.map(({ state }) => state)).toStrictEqual(['pass', 'fail']);
  });
});

it.each(Object.entries(EXCLUDED))('excludes %s for a reason', (file, reason) => {
  expect(existsSync(file)).toBe(true);
  expect(reason).toMatch(/\w+ \w+/);
});
