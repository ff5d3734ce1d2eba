import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { doorSources } from '../support/bundle.ts';
import { script, type ServedFile } from '../support/serve-files.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a page has instead of what is of Node. */
const REPLACED: Readonly<Record<string, string>> = {
  'spec/indexeddb/fake-browser.ts': 'spec/browser/page/own-browser.ts',
  'spec/support/garbage.ts': 'spec/browser/page/garbage.ts',
  'spec/support/uncaught.ts': 'spec/browser/page/uncaught.ts',
};

/** What Node has tried with many runs and items is tried here with fewer of them: what browsers do otherwise is seen sooner. */
const ENVIRONMENT = { MILLRACE_FLOOD: '20000', MILLRACE_MANY: '100000', MILLRACE_RUNS: '100' };

/** Builds spec files for a page that runs them, and returns what to serve: `/`, and `/flow/batch.spec.js` for `spec/flow/batch.spec.ts`. */
export async function buildSpecs(files: readonly string[]): Promise<Map<string, ServedFile>> {
  const { outputFiles } = await build({
    entryPoints: ['spec/browser/page/run.ts', ...files],
    outbase: 'spec',
    outdir: '/',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    alias: {
      ...doorSources,
      'node:events': `${root}spec/browser/page/node-events.ts`,
      // One RxJS for who imports it and who requires it.
      rxjs: `${root}node_modules/rxjs/dist/esm5/index.js`,
      'rxjs/testing': `${root}node_modules/rxjs/dist/esm5/testing/index.js`,
    },
    define: { 'process.env': JSON.stringify(ENVIRONMENT) },
    plugins: [replacing],
  });
  const page = { type: 'text/html', text: '<!doctype html><script type="module" src="/browser/page/run.js"></script>' };
  const modules = outputFiles.map(({ path, text }) => [path, script(text)] as const);
  return new Map([['/', page], ...modules]);
}

const replacing: Plugin = {
  name: 'replacing',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
      const file = new URL(path, `file://${resolveDir}/`).pathname.slice(root.length);
      const replacement = REPLACED[file];
      return replacement === undefined ? undefined : { path: `${root}${replacement}` };
    });
  },
};
