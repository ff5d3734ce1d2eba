import { fileURLToPath } from 'node:url';
import { bundle, bundlePackage } from '../../support/bundle.ts';
import { script, serveFiles, type Site } from '../../support/serve-files.ts';

const HTML = `<!doctype html><title>millrace</title>
<script type="importmap">{ "imports": { "rxjs": "/rxjs.js", "rxjs/testing": "/rxjs-testing.js" } }</script>
<script type="module" src="/page.js"></script>`;

/** Serves a page with the library as a bundler for browsers leaves it. */
export async function servePage(): Promise<Site> {
  const source = fileURLToPath(new URL('tab.ts', import.meta.url));
  const { code } = await bundle(`import { tab } from ${JSON.stringify(source)}; globalThis.tab = tab;`);
  return serveFiles(
    new Map([
      ['/', { type: 'text/html', text: HTML }],
      ['/page.js', script(code)],
      ['/rxjs.js', script(await bundlePackage('rxjs'))],
      ['/rxjs-testing.js', script(await bundlePackage('rxjs/testing'))],
    ]),
  );
}
