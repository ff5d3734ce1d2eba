import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type Loader } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What is left of a user's module. */
export interface Bundle {
  readonly code: string;
  /** What it imports from outside. */
  readonly imports: readonly string[];
  /** The files of which something is in it. */
  readonly files: readonly string[];
}

/** A user's module as a bundler for the browser leaves it: minified, with RxJS and Node's modules outside. */
export async function bundle(contents: string, options: BuildOptions = {}, loader: Loader = 'ts'): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    minify: true,
    platform: 'browser',
    ...options,
    stdin: { contents, resolveDir: root, loader },
    alias: { 'millrace/testing': `${root}lib/testing/index.ts`, millrace: `${root}lib/index.ts` },
    bundle: true,
    external: ['rxjs', 'rxjs/*', 'node:*'],
    format: 'esm',
    metafile: true,
    target: 'es2022',
    write: false,
  });
  const outputs = Object.values(metafile.outputs);
  const imports = outputs.flatMap((output) => output.imports);
  const inputs = outputs.flatMap((output) => Object.entries(output.inputs));
  return {
    code: outputFiles.map(({ text }) => text).join(''),
    imports: [...new Set(imports.map(({ path }) => path))],
    files: inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path),
  };
}
