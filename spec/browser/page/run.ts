// Runs a spec file in a page: vitest's own runner, expect and vi, as its browser mode does, without the server of that.
import { type RunnerTask, type RunnerTestFile, TestRunner } from 'vitest';
import { setSafeTimers, startTests } from 'vitest/internal/browser';
import type { FileResult, TestResult } from '../file-result.ts';

declare global {
  /** Runs a spec file, by the URL of its module. */
  var runSpec: (file: string, options: RunOptions) => Promise<FileResult>;
}

export interface RunOptions {
  readonly testTimeoutMs: number;
  readonly allowOnly: boolean;
}

/** What nobody has caught, for which vitest's runs fail, too. */
const uncaught: string[] = [];
addEventListener('error', ({ message }) => uncaught.push(message));
addEventListener('unhandledrejection', ({ reason }) => uncaught.push(`unhandled rejection: ${String(reason)}`));

class PageRunner extends TestRunner {
  override async importFile(file: string): Promise<void> {
    await import(file);
  }

  /** Nothing is traced. */
  override trace = <Result>(_name: string, attributes: object | (() => Result), call?: () => Result): Result =>
    typeof attributes === 'function' ? (attributes as () => Result)() : call!();
}

globalThis.runSpec = async (file, { testTimeoutMs, allowOnly }) => {
  const config = {
    root: '/',
    setupFiles: [],
    name: undefined,
    passWithNoTests: false,
    testNamePattern: undefined,
    allowOnly,
    sequence: { seed: 0, hooks: 'stack', setupFiles: 'list' },
    chaiConfig: undefined,
    maxConcurrency: 5,
    testTimeout: testTimeoutMs,
    hookTimeout: testTimeoutMs,
    retry: 0,
    includeTaskLocation: false,
    tags: [],
    tagsFilter: undefined,
    strictTags: true,
    expect: {},
    experimental: { importDurations: { limit: 0 }, viteModuleRunner: true },
    fakeTimers: {},
    // Nothing is written: a snapshot that differs is a failure.
    snapshotOptions: { updateSnapshot: 'none', expand: false, snapshotEnvironment },
  };
  Object.assign(globalThis, { __vitest_worker__: stateOf(config) });
  setSafeTimers();
  const [result] = await startTests([file], new PageRunner(config as never));
  // A browser tells a rejection that nobody has handled after a while.
  await new Promise((resolve) => {
    setTimeout(resolve, 20);
  });
  return { tests: testsOf(result!), errors: [...errorsOf(result!), ...uncaught] };
};

/** What vitest keeps of the worker in which it runs, so far as a page needs it. */
function stateOf(config: object): object {
  return {
    config,
    ctx: { pool: 'browser' },
    environment: { name: 'browser' },
    providedContext: {},
    rpc: { snapshotSaved: () => undefined },
    onCleanup: () => undefined,
  };
}

/** There are inline snapshots only. */
const snapshotEnvironment = {
  getVersion: () => '1',
  getHeader: () => '',
  resolvePath: (file: string) => `${file}.snap`,
  resolveRawPath: (_file: string, path: string) => path,
  readSnapshotFile: () => null,
  saveSnapshotFile: () => undefined,
  removeSnapshotFile: () => undefined,
};

function testsOf(task: RunnerTask, path: readonly string[] = []): TestResult[] {
  if (task.type === 'suite') {
    const names = 'filepath' in task ? [] : [...path, task.name];
    return task.tasks.flatMap((child) => testsOf(child, names));
  }
  const state = task.mode === 'skip' || task.mode === 'todo' ? 'skip' : (task.result?.state ?? 'skip');
  const isDone = state === 'pass' || state === 'skip';
  return [{ name: [...path, task.name].join(' > '), state: isDone ? state : 'fail', errors: messagesOf(task) }];
}

/** What failed around tests: an import, or a hook. */
function errorsOf(task: RunnerTestFile | RunnerTask): string[] {
  if (task.type !== 'suite') return [];
  return [...messagesOf(task), ...task.tasks.flatMap(errorsOf)];
}

function messagesOf({ result }: RunnerTask): string[] {
  return (result?.errors ?? []).map(({ name, message, diff, stack = '' }) => {
    // The first line of a stack may be that of an error that was made for its place.
    const places = stack.split('\n').filter((line) => /^\s+at /.test(line));
    return [`${name}: ${message}`, ...(diff === undefined ? places : [diff])].join('\n');
  });
}
