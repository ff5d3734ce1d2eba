import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';

/** What each test of the fixtures must fail with, and nothing else. */
const FAILURES: Readonly<Record<string, string>> = {
  'wrong value': lines(
    "Expected the stream to be as drawn, but at 4 ms there is 'c' instead of 'b'.",
    '',
    '  expected  -a--b|',
    '  actual    -a--c|',
    '                ^',
    '  a = 2',
    '  b = 5',
    '  c = 4',
    "  The actual one, to be copied: '-a--c|'",
  ),
  'wrong time': lines(
    "Expected the stream to be as drawn, but at 23 ms there is nothing instead of 'b'.",
    '',
    '  expected  21ms a-b|',
    '  actual    21ms a--(b|)',
    '                   ^',
    "  The actual one, to be copied: '21ms a--(b|)'",
  ),
  'extra emission': lines(
    "Expected the stream to be as drawn, but at 4 ms there is 'b' instead of nothing.",
    '',
    '  expected  -a',
    '  actual    -a--b',
    '                ^',
    "  The actual one, to be copied: '-a--b'",
  ),
  'missing completion': lines(
    'Expected the stream to be as drawn, but at 5 ms there is nothing instead of the completion.',
    '',
    '  expected  -a--b|',
    '  actual    -a--b',
    '                 ^',
    "  The actual one, to be copied: '-a--b'",
  ),
  'wrong value in stock marbles': lines(
    "Expected the stream to be as drawn, but at 4 ms there is 'b' instead of 'c'.",
    '',
    '  expected  -a--c|',
    '  actual    -a--b|',
    '                ^',
    "  The actual one, to be copied: '-a--b|'",
  ),
  'never-ending retry with a delay': lines(
    'Expected the test to end, but 10,000 timers have fired until 50,000 ms, and there are more. The last ones:',
    '  50 x setImmediate, made at macrotask (millrace), time-slice (millrace), waiting-line (millrace), pump (millrace)',
    '  50 x setInterval 10 ms, made at timer (rxjs), retry (rxjs), endings (millrace), pump (millrace)',
    'Handlers with something to do:',
    "  'mail': 1 pending (1 between attempts), 5,000 retries",
    'A retry, an interval or a poll that never ends must be stopped or bounded, or maxTimers raised.',
  ),
  'never-ending retry of a handler without a delay': lines(
    'Expected the test to end, but 500 timers have fired until 0 ms, and there are more. The last ones:',
    '  50 x setImmediate, made at macrotask (millrace), time-slice (millrace), waiting-line (millrace), pump (millrace)',
    '  50 x setInterval 0 ms, made at timer (rxjs), retry (rxjs), endings (millrace), pump (millrace)',
    'Handlers with something to do:',
    "  'mail': 1 pending (1 running), 250 retries",
    'A retry, an interval or a poll that never ends must be stopped or bounded, or maxTimers raised.',
  ),
  'never-ending retry of RxJS without a delay': lines(
    'Expected promises to come to rest at 0 ms, but 100,000 callbacks followed one another without a timer, in defer (rxjs), retry (rxjs).',
    'A retry without a delay or a count never ends: give it one.',
  ),
  'interval that nobody stops': lines(
    'Expected the test to end, but 10,000 timers have fired until 1,000,000 ms, and there are more. The last ones:',
    '  100 x setInterval 100 ms, made at spec/testing/failing/endings.fixture.ts:47:19',
    'A retry, an interval or a poll that never ends must be stopped or bounded, or maxTimers raised.',
  ),
  'promise that nobody settles': lines(
    'Expected the test to end, but it awaits something at 0 ms that no promise or timer will bring.',
    'Real input and output, such as files and sockets, is not virtual: test that in real time, with waitFor.',
  ),
  'unhandled rejection': 'Expected every rejection to be handled, but a promise was rejected with Error: busy',
  'timer that throws': 'Error: thrown by a timer',
  'forgotten matcher':
    "Expected a matcher after the expect(…) at spec/testing/failing/streams.fixture.ts:56:5, which checks nothing: add .toBeObservable('…').",
  'forgotten matcher in stock marbles':
    "Expected a matcher after the expect(…) at spec/testing/failing/streams.fixture.ts:63:7, which checks nothing: add .toBeObservable('…').",
  'async callback in marbles':
    'Expected a marble test to return nothing, got a promise: what follows an await is never checked. Write it with virtualTest, in which promises are virtual, too.',
  'pending timers': lines(
    'Expected nothing to be left to do at the end of the test, at 1,000 ms, but a timer was still pending:',
    '  setInterval 5000 ms, made at spec/testing/failing/endings.fixture.ts:65:9',
    'Handlers with something to do:',
    "  'slow': 1 pending (1 running)",
    "Close or unsubscribe what made it; or wait for it with time.runAll(); or say pendingTimers: 'ignore'.",
  ),
  'a contract case with a broken fake':
    "Expected the ids of the receipts to be 'contract-x-m1,contract-x-m2,contract-x-m3,contract-x-m4,contract-x-m5,contract-x-m6,contract-x-m7,contract-x-m8,contract-x-m9,contract-x-m10', got 'contract-x-m10,contract-x-m9,contract-x-m8,contract-x-m7,contract-x-m6,contract-x-m5,contract-x-m4,contract-x-m3,contract-x-m2,contract-x-m1'.",
};

interface Outcome {
  readonly title: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

interface ChildRun {
  readonly exitCode: unknown;
  readonly said: string;
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

describe('tests that must fail, in a process of their own,', () => {
  let child: ChildRun;

  beforeAll(async () => {
    child = await runFixtures();
  }, 60_000);

  it('end by themselves, and harm nothing around them', () => {
    expect(child.exitCode).toBe(1);
    expect(child.said).not.toMatch(/Unhandled Error|hanging process/u);
  });

  it('are those of which the failure is known', () => {
    expect([...child.outcomes.keys()].toSorted()).toStrictEqual(Object.keys(FAILURES).toSorted());
  });

  it.each(Object.entries(FAILURES))('fail with what went wrong: %s', (title, failure) => {
    const outcome = child.outcomes.get(title);
    expect(outcome?.status).toBe('failed');
    expect(outcome?.failureMessages.map(withoutStack)).toStrictEqual([failure]);
  });
});

/** One run for all: it must end long before the time limit, at which it would be killed. */
async function runFixtures(): Promise<ChildRun> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-failing-'));
  const report = join(folder, 'report.json');
  try {
    const config = ['--config', 'spec/testing/failing/vitest.config.ts', `--outputFile.json=${report}`];
    const { exitCode, said } = await runVitest(['run', ...config]);
    const { testResults } = JSON.parse(await readFile(report, 'utf8')) as {
      testResults: { assertionResults: Outcome[] }[];
    };
    const outcomes = testResults.flatMap(({ assertionResults }) => assertionResults);
    return { exitCode, said, outcomes: new Map(outcomes.map((outcome) => [outcome.title, outcome])) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function runVitest(options: readonly string[]): Promise<{ exitCode: unknown; said: string }> {
  return new Promise((settle) => {
    execFile(resolve('node_modules/.bin/vitest'), options, { timeout: 50_000 }, (error, stdout, stderr) => {
      settle({ exitCode: error?.code, said: stdout + stderr });
    });
  });
}

function lines(...all: readonly string[]): string {
  return all.join('\n');
}

function withoutStack(message: string): string {
  return message
    .replace(/^TestFailure: /u, '')
    .replace(/\n+ {4}at [^]*$/u, '')
    .replaceAll(`${process.cwd()}/`, '');
}
