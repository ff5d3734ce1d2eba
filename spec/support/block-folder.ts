import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundle } from './bundle.ts';
import type { CodeBlock } from './code-blocks.ts';

/** A folder in which blocks of the documentation are modules, with the packages of this one. */
export interface BlockFolder extends AsyncDisposable {
  readonly path: string;
  /** Writes a block as JavaScript with the library in it, and returns the file. */
  build(block: CodeBlock): Promise<string>;
}

export async function openBlockFolder(): Promise<BlockFolder> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-docs-'));
  await symlink(resolve('node_modules'), join(path, 'node_modules'));
  await writeFile(join(path, 'package.json'), '{ "type": "module" }');
  return {
    path,
    async build(block) {
      const file = join(path, `${blockName(block)}.js`);
      const { code } = await bundle(
        block.code,
        { jsx: 'automatic', minify: false, packages: 'external', platform: 'node', sourcemap: 'inline' },
        block.language === 'tsx' ? 'tsx' : 'ts',
      );
      await writeFile(file, code);
      return file;
    },
    [Symbol.asyncDispose]: async () => rm(path, { recursive: true }),
  };
}

/** Where a block stands, as the name of a file. */
export const blockName = ({ place }: CodeBlock): string => place.replaceAll(/\W/g, '-');
