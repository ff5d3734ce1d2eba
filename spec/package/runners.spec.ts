import { readFile } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PackedPackage, packPackage, run } from '../support/packed-package.ts';

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const examples = 'spec/package/runners';

const pictures = [
  ['expected  ----b--(c|)', 'actual    -----b-(c|)', '              ^'],
  ['expected  -A--C|', 'actual    -A--B|', '              ^'],
] as const;
const difference = ['-   "userId": "u1",', '+   "userId": "u2",'] as const;

/** Runners, with the test files of their examples, and what they say of so many tests. `npm test` of an example checks its types first. */
const runners = [
  {
    runner: 'vitest',
    ages: ['oldest', 'newest'],
    right: { files: ['sign-up.test.ts'], says: /Tests +5 passed \(5\)/ },
    wrong: { files: ['wrong.test.ts'], says: /Tests +3 failed \(3\)/, shows: [...pictures, difference] },
  },
  {
    runner: 'jest',
    ages: ['oldest', 'newest'],
    right: { files: ['sign-up.test.js', 'imported.test.js'], says: /Tests: +5 passed, 5 total/ },
    wrong: { files: ['wrong.test.js'], says: /Tests: +3 failed, 3 total/, shows: [...pictures, difference] },
  },
  {
    runner: 'node-test',
    ages: ['newest'],
    right: { files: ['sign-up.test.js'], says: /^# pass 4\n# fail 0$/m },
    wrong: { files: ['wrong.test.js'], says: /^# pass 0\n# fail 2$/m, shows: pictures },
  },
] as const;

const projects = runners.flatMap(({ ages, ...example }) => ages.map((age) => ({ ...example, age })));

describe('the testing kit', { timeout: 300_000 }, () => {
  let packed: PackedPackage;

  beforeAll(async () => {
    packed = await packPackage();
  }, 300_000);

  afterAll(async () => packed?.[Symbol.asyncDispose]());

  describe.each(projects)('with the $age $runner that the example asks for', ({ runner, age, right, wrong }) => {
    let project: string;

    beforeAll(async () => {
      const source = `${examples}/${runner}`;
      project = await packed.install(`${runner}-${age}`, source, age === 'oldest' ? await oldest(source) : []);
    }, 300_000);

    it('passes what is right, with types for its matchers', async () => {
      const { status, output } = await test(project, right.files);
      expect(output).toMatch(right.says);
      expect(status).toBe(0);
    });

    it('fails what is wrong, and shows what came', async () => {
      const { status, output } = await test(project, wrong.files);
      expect(output).toMatch(wrong.says);
      expect(status).toBe(1);
      for (const shown of wrong.shows) expect(linesFrom(output, shown[0], shown.length)).toStrictEqual(shown);
    });
  });

  it.each(runners)('asks in the example for $runner for the peers in the ranges of the package', async ({ runner }) => {
    const { devDependencies } = await manifestOf(`${examples}/${runner}`);
    const { peerDependencies } = await manifestOf('.');
    const shared = Object.keys(devDependencies).filter((name) => name in peerDependencies);
    expect(shared).toContain('rxjs-marbles');
    expect(devDependencies).toMatchObject(Object.fromEntries(shared.map((name) => [name, peerDependencies[name]])));
  });
});

/** The lowest versions that an example asks for. */
async function oldest(source: string): Promise<string[]> {
  const { devDependencies } = await manifestOf(source);
  return Object.entries(devDependencies).map(([name, range]) => `${name}@${range.replace('^', '')}`);
}

async function manifestOf(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(`${folder}/package.json`, 'utf8')) as Manifest;
}

async function test(project: string, files: readonly string[]): Promise<{ status: number; output: string }> {
  const options = { cwd: project, env: { ...process.env, NO_COLOR: '1' } };
  const { stdout, stderr, code } = await run('npm', ['test', '--', ...files], options).then(
    (ended) => ({ ...ended, code: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => error,
  );
  return { status: code, output: stripVTControlCharacters(stdout + stderr) };
}

/** So many lines of a text from that on which says something, without what they have in front of it. */
function linesFrom(text: string, first: string, count: number): string[] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.trimEnd().endsWith(first));
  if (start === -1) throw new Error(`Expected a line '${first}', got:\n${text}`);
  const indent = lines[start]!.indexOf(first);
  return lines.slice(start, start + count).map((line) => line.slice(indent).trimEnd());
}
