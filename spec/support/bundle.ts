import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions, type Loader } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The source of each door of the package, by the name that users import. */
export const doorSources: Readonly<Record<string, string>> = await readDoorSources();

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
    alias: doorSources,
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

/** A package of this repository as one module for browsers. */
export async function bundlePackage(name: string): Promise<string> {
  const stdin = { contents: `export * from '${name}';`, resolveDir: root };
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', platform: 'browser', write: false });
  return outputFiles[0]!.text;
}

async function readDoorSources(): Promise<Record<string, string>> {
  const { exports } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as Manifest;
  const doors = Object.entries(exports).flatMap(([path, target]) => {
    if (typeof target === 'string') return [];
    const source = target.default.replace(/^\.\/dist\/(.*)\.js$/, `${root}lib/$1.ts`);
    return [[path.replace('.', 'millrace'), source] as const];
  });
  return Object.fromEntries(doors);
}

interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}
