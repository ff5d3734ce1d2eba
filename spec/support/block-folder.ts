import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { bundle } from './bundle.ts';
import type { CodeBlock } from './code-blocks.ts';

const run = promisify(execFile);

/** A folder in which blocks of the documentation are modules, with the packages of this one. */
export interface BlockFolder extends AsyncDisposable {
  readonly path: string;
  /** Writes a block as JavaScript with the library in it, and returns the file. */
  build(block: CodeBlock): Promise<string>;
  /** Runs blocks that are tests for vitest, and returns what failed, with its place. */
  test(blocks: readonly CodeBlock[]): Promise<readonly string[]>;
}

/** What vitest's reporter writes. */
interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly failureMessages: readonly string[] }[];
  }[];
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
    async test(blocks) {
      if (blocks.length === 0) return [];
      const tests = join(path, 'spec');
      await mkdir(tests);
      for (const block of blocks) await writeFile(join(tests, fileName(block)), block.code);
      const { testResults } = await runVitest(path);
      return blocks.flatMap((block) => {
        const result = testResults.find(({ name }) => basename(name) === fileName(block));
        return failuresOf(result).map((failure) => `${block.place}: ${failure}`);
      });
    },
    [Symbol.asyncDispose]: async () => rm(path, { recursive: true }),
  };
}

/** Where a block stands, as the name of a file. */
export const blockName = ({ place }: CodeBlock): string => place.replaceAll(/\W/g, '-');

function fileName(block: CodeBlock): string {
  return `${blockName(block)}.spec.${block.language}`;
}

/** As this repository's own specs are run, so that `millrace` is its sources. */
async function runVitest(root: string): Promise<TestReport> {
  const config = ['--root', root, '--config', resolve('vitest.config.ts'), '--typecheck.enabled=false'];
  const report = await run('node_modules/.bin/vitest', ['run', ...config, '--reporter=json'], { timeout: 60_000 }).then(
    ({ stdout }) => stdout,
    // So it ends when a test fails; when it fails itself, it has written no report.
    (error: Error & { stdout: string }) => error.stdout || Promise.reject(error),
  );
  return JSON.parse(report) as TestReport;
}

function failuresOf(result: TestReport['testResults'][number] | undefined): readonly string[] {
  if (result === undefined || result.assertionResults.length === 0) {
    return [`Expected a test that runs, got none. ${result?.message ?? ''}`];
  }
  const failed = result.assertionResults.filter(({ status }) => status !== 'passed');
  return failed.map(({ status, failureMessages }) => [status, ...failureMessages].join(': '));
}
