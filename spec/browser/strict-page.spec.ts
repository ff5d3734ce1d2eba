import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundlePackage } from '../support/bundle.ts';
import { chromiumPath, openChromium } from '../support/chromium.ts';
import { script, type ServedFile, serveFiles, type Site } from '../support/serve-files.ts';
import { openUserProject, type UserProject } from '../support/user-project.ts';

declare global {
  /** What the script of the page has done. */
  var page: Promise<unknown>;
  /** What the policy of the page has refused, in order. */
  var violations: string[];
}

const IMPORTS = {
  millrace: '/millrace/index.js',
  'millrace/indexeddb': '/millrace/indexeddb/index.js',
  // Its own modules are imported without extensions, which no browser finds.
  rxjs: '/rxjs.js',
};
const IMPORT_MAP = JSON.stringify({ imports: IMPORTS });
const IMPORT_MAP_HASH = createHash('sha256').update(IMPORT_MAP).digest('base64');

/** Nothing inline but the import map, nothing from elsewhere, no code made of text. */
const POLICY = [
  "default-src 'none'",
  `script-src 'self' 'sha256-${IMPORT_MAP_HASH}'`,
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

describe.skipIf(chromiumPath === undefined)('a page with a strict Content-Security-Policy, and no bundler', () => {
  let project: UserProject;
  let site: Site;

  beforeAll(async () => {
    project = await openUserProject();
    const files = new Map([...(await builtModules(project)), ...(await ownFiles())]);
    site = await serveFiles(files, { 'content-security-policy': POLICY });
  }, 60_000);

  afterAll(async () => {
    await site?.[Symbol.asyncDispose]();
    await project?.[Symbol.asyncDispose]();
  });

  it('uses a bus, a channel and an event store in IndexedDB, and nothing violates the policy', async () => {
    const { done, violations, errors, modules } = await visit('');
    expect(errors).toStrictEqual([]);
    expect(done).toStrictEqual([
      { handled: [1, 3], letters: [[-2, 3]] },
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      { state: { balance: 42 }, version: 2, positions: [1, 2] },
    ]);
    expect(violations).toStrictEqual([]);
    // Those of lib/, one by one.
    expect(modules).toContain('/millrace/process/engine.js');
    expect(modules).toContain('/millrace/indexeddb/append-group.js');
  });

  it('would have refused code that is made of text', async () => {
    const { done, violations } = await visit('forbidden.html');
    expect(done).toBe('EvalError');
    expect(violations).not.toStrictEqual([]);
  });

  async function visit(path: string): Promise<Visit> {
    const browser = await openChromium();
    const page = await browser.newPage();
    const errors: string[] = [];
    const modules: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (response.ok()) modules.push(pathname);
      else errors.push(`${response.status()} ${pathname}`);
    });
    await page.addInitScript(() => {
      globalThis.violations = [];
      addEventListener('securitypolicyviolation', ({ violatedDirective }) => {
        globalThis.violations.push(violatedDirective);
      });
    });
    // Its scripts have run when it is loaded.
    await page.goto(`${site.url}${path}`);
    const done = await page.evaluate(async () => globalThis.page);
    const violations = await page.evaluate(() => globalThis.violations);
    await page.close();
    return { done, violations, errors, modules };
  }
});

interface Visit {
  readonly done: unknown;
  readonly violations: readonly string[];
  readonly errors: readonly string[];
  readonly modules: readonly string[];
}

/** The modules of the package as they are. */
async function builtModules({ library }: UserProject): Promise<[string, ServedFile][]> {
  const names = (await readdir(join(library, 'dist'), { recursive: true })).filter((name) => name.endsWith('.js'));
  const modules = names.map(async (name): Promise<[string, ServedFile]> => {
    const text = await readFile(join(library, 'dist', name), 'utf8');
    return [`/millrace/${name}`, script(text)];
  });
  return Promise.all(modules);
}

async function ownFiles(): Promise<[string, ServedFile][]> {
  return [
    ['/', html('main.js')],
    ['/forbidden.html', html('forbidden.js')],
    ['/main.js', script(await readFile('spec/browser/strict-page/main.js', 'utf8'))],
    ['/forbidden.js', script(await readFile('spec/browser/strict-page/forbidden.js', 'utf8'))],
    ['/rxjs.js', script(await bundlePackage('rxjs'))],
    ['/favicon.ico', { type: 'image/x-icon', text: '' }],
  ];
}

function html(name: string): ServedFile {
  const map = `<script type="importmap">${IMPORT_MAP}</script>`;
  return {
    type: 'text/html',
    text: `<!doctype html><title>strict</title>${map}<script type="module" src="/${name}"></script>`,
  };
}
