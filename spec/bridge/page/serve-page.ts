import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { doorSources } from '../../support/bundle.ts';
import { script, serveFiles, type Site } from '../../support/serve-files.ts';

const HTML = `<!doctype html><title>millrace</title><body><script type="module" src="/page.js"></script>`;

/** Serves the page as a bundler leaves it, RxJS included: workers have no import map. */
export async function servePage(): Promise<Site> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page.ts', import.meta.url))],
    alias: doorSources,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  const page = { type: 'text/html', text: HTML };
  const files = [
    ['/', page],
    ['/page.js', script(outputFiles[0]!.text)],
  ] as const;
  return serveFiles(new Map(files), { 'access-control-allow-origin': '*' });
}
