import { describe, expect, it } from 'vitest';
import { DemoRun } from '../support/demo-run.ts';

const runSignUp = (...args: readonly string[]): DemoRun => new DemoRun('demos/main.ts', 'sign-up', ...args);

describe.concurrent('sign-up, watched', { timeout: 60_000 }, () => {
  it('draws one trace from the request to the redrive, and its metrics and spans add up', async () => {
    const run = runSignUp('--trace', '--rate', '400');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('All sums hold.');

    // What was wrong is repaired, and both dead letters are handled after all.
    const all = { accepted: 158, redriven: 0, handled: 158, dead: 0, dropped: 0, pending: 0 };
    expect(run.handler('audit-log')).toStrictEqual(all);
    expect(run.handler('welcome-mail')).toStrictEqual({ ...all, redriven: 1, dead: 1 });
    expect(run.handler('preferences')).toStrictEqual({ ...all, redriven: 1, dead: 1 });
    expect(run.sum('dead letters')).toBe(2);
    expect(run.output).toMatch(/✓ dead letters +2 = 2 redriven/);

    // Of the file that cannot be written: three attempts and one more. All others take one.
    const requests = run.sum('requests');
    expect(run.output).toContain(` = ${requests} requests + 158 of events published + 476 of handlers + `);
    expect(run.output).toMatch(/ \+ 161 of files\n/);
    expect(run.sum('copies, as scraped')).toBe(476);
    expect(run.sum('handled, as scraped')).toBe(474);
    expect(run.sum('dead letters, as scraped')).toBe(2);
    expect(run.output).toMatch(/^messaging_client_consumed_messages_total +159 +158 +159$/m);
    expect(run.output).toMatch(/^millrace_handler_dead_letters_total +1 +0 +1$/m);

    const tree = treeOf(run.output);
    expect(tree.filter((line) => line.length > 100)).toStrictEqual([]);
    expect(tree.join('\n')).not.toContain('\x1b');
    const story = [
      /^POST \/sign-ups +server +█/,
      /^└ publish user\.signed_up +producer +█/,
      /^ {2}├ process user\.signed_up · preferences +consumer .* 3 attempts, dead$/,
      /^ {2}│ ├ write file +internal/,
      /^ {2}│ │ {3}✗ EIO: i\/o error, write 'u-[0-9a-f]{8}\.json'$/,
      /^ {2}└ process user\.signed_up · preferences +consumer .* redriven$/,
      /^ {4}└ write file +internal/,
    ];
    const places = story.map((pattern) => tree.findIndex((line) => pattern.test(line)));
    expect(places, tree.join('\n')).not.toContain(-1);
    expect(places).toStrictEqual(places.toSorted((one, other) => one - other));
    expect(tree.filter((line) => / write file /.test(line))).toHaveLength(4);
    expect(tree.filter((line) => / process user\.signed_up · /.test(line))).toHaveLength(4);
    expect(tree.join('\n')).toMatch(/┊ \d+\.\d\d s in which nothing happened, left out/);

    expect(run.output).toContain('flowchart LR');
    expect(run.output).toContain('"welcome-mail<br/>158 handled"');
    expect(run.output).toMatch(/n\d -->\|"1 dead"\| n\d/);
  });

  it('accounts for every span when it is stopped in the middle, and redrives nothing then', async () => {
    const run = runSignUp('--trace', '--rate', '20');
    await run.says(': invalid.');
    run.kill('SIGTERM');
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('All sums hold.');
    expect(run.output).not.toContain('Redriven');
    expect(run.sum('spans received')).toBeGreaterThan(0);
    expect(run.output).toContain('"bus sign-up"');
  });

  it('draws only its graph, if that is all that is wanted', async () => {
    const run = runSignUp('--graph', '--file', '-');
    run.write(JSON.stringify({ email: 'margaret@hamilton.example', name: 'Margaret', plan: 'team' }));
    run.end();
    expect(await run.exitCode(), run.output).toBe(0);
    expect(run.output).toContain('flowchart LR');
    expect(run.output).not.toContain('metrics ');
    expect(run.output).not.toContain('Scraped');
    expect(run.output).not.toContain('spans');
    expect(run.handler('preferences')).toMatchObject({ accepted: 1, redriven: 0, dead: 1 });
  });
});

/** The lines from the heads of the drawn trace to the next empty line. */
function treeOf(output: string): readonly string[] {
  const lines = output.split('\n');
  const begin = lines.findIndex((line) => line.startsWith('span '));
  return lines.slice(begin + 1, lines.indexOf('', begin));
}
