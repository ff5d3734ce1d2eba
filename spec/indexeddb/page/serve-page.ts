import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundle } from '../../support/bundle.ts';

const HTML = `<!doctype html><title>millrace</title>
<script type="importmap">{ "imports": { "rxjs": "/rxjs.js", "rxjs/testing": "/rxjs-testing.js" } }</script>
<script type="module" src="/page.js"></script>`;

/** A page with the library as a bundler for browsers leaves it. */
export interface ServedPage extends AsyncDisposable {
  readonly url: string;
}

/** Serves a page on a free port of this machine. */
export async function servePage(): Promise<ServedPage> {
  const source = fileURLToPath(new URL('tab.ts', import.meta.url));
  const { code } = await bundle(`import { tab } from ${JSON.stringify(source)}; globalThis.tab = tab;`);
  const files = new Map([
    ['/', { type: 'text/html', text: HTML }],
    ['/page.js', script(code)],
    ['/rxjs.js', script(await bundlePackage('rxjs'))],
    ['/rxjs-testing.js', script(await bundlePackage('rxjs/testing'))],
  ]);
  const server = createServer(({ url = '/' }, response) => {
    const { type, text } = files.get(url) ?? { type: 'text/plain', text: '' };
    response.writeHead(files.has(url) ? 200 : 404, { 'content-type': `${type}; charset=utf-8` }).end(text);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function script(text: string): { readonly type: string; readonly text: string } {
  return { type: 'text/javascript', text };
}

async function bundlePackage(name: string): Promise<string> {
  const stdin = { contents: `export * from '${name}';`, resolveDir: fileURLToPath(new URL('.', import.meta.url)) };
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', platform: 'browser', write: false });
  return outputFiles[0]!.text;
}
