import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A user's module as a bundler for the browser leaves it: minified, with RxJS and Node's modules outside. */
export async function bundle(
  contents: string,
  options: BuildOptions = {},
): Promise<{ code: string; imports: string[] }> {
  const { outputFiles, metafile } = await build({
    minify: true,
    platform: 'browser',
    ...options,
    stdin: { contents, resolveDir: root, loader: 'ts' },
    alias: { millrace: `${root}lib/index.ts` },
    bundle: true,
    external: ['rxjs', 'rxjs/*', 'node:*'],
    format: 'esm',
    metafile: true,
    target: 'es2022',
    write: false,
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  return {
    code: outputFiles.map(({ text }) => text).join(''),
    imports: [...new Set(imports.map(({ path }) => path))],
  };
}
