import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  createBrokeredBus,
  createChannel,
  createEventBus,
  createProcessor,
  defineEvent,
  memoryBroker,
  memoryEventStore,
  runProjection,
} from 'millrace';
import { otelMetrics } from 'millrace/otel';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { openReceiver } from '../../demos/sign-up/watch/receiver.ts';
import { Scrape } from '../../demos/sign-up/watch/scrape.ts';
import { startSdk } from '../../demos/sign-up/watch/sdk.ts';
import { DemoRun } from '../support/demo-run.ts';
import { hasPrometheus, OwnPrometheus, promtool } from '../support/prometheus.ts';

const RULES = 'demos/sign-up/alerts.yaml';
const TESTS = 'spec/demos/alerts.test.yaml';

describe.skipIf(!hasPrometheus)('the alert rules of the sign-up demo', () => {
  it('are right, as promtool checks them', async () => {
    const { ok, output } = await promtool('check', 'rules', RULES);
    expect(ok, output).toBe(true);
    expect(output).toContain('SUCCESS');
  });

  it('fire when they should, and only then, as promtool tests them', async () => {
    const { ok, output } = await promtool('test', 'rules', TESTS);
    expect(ok, output).toBe(true);
    expect(output).toContain('SUCCESS');
  });

  it('fire in a Prometheus that scrapes the demo, whose numbers are those of the run and of its inspector', async () => {
    const run = new DemoRun('demos/main.ts', 'sign-up', '--trace', '--hold', '--file', '-');
    try {
      await run.says('files ');
      const { host } = new URL(/metrics +(http:\S+)/.exec(run.output)![1]!);
      await using prometheus = await OwnPrometheus.start({
        global: { scrape_interval: '250ms', evaluation_interval: '250ms' },
        rule_files: [resolve(RULES)],
        scrape_configs: [{ job_name: 'sign-up', static_configs: [{ targets: [host] }] }],
      });
      const byHandler = async (metric: string): Promise<Readonly<Record<string, number>>> => {
        const samples = await prometheus.query(`sum by (messaging_destination_subscription_name) (${metric})`);
        return Object.fromEntries(
          samples.map(({ labels, value }) => [labels['messaging_destination_subscription_name']!, value]),
        );
      };
      // Before anything has happened, all counts are there, at zero: that is why an increase is seen.
      await vi.waitFor(async () => {
        const none = { 'audit-log': 0, preferences: 0, 'welcome-mail': 0 };
        expect(await byHandler('millrace_handler_dead_letters_total')).toStrictEqual(none);
      }, WAIT);
      expect(await prometheus.alerts()).toStrictEqual([]);

      run.write(SIGN_UPS.join('\n'));
      run.end();
      await run.says('Held: ');
      expect(run.output).toContain('All sums hold.');
      const handlers = ['audit-log', 'preferences', 'welcome-mail'] as const;
      const ofRun = Object.fromEntries(handlers.map((name) => [name, run.handler(name)]));
      expect(ofRun['preferences']).toMatchObject({ accepted: 14, redriven: 1, handled: 14, dead: 1 });
      expect(ofRun['welcome-mail']).toMatchObject({ accepted: 14, redriven: 1, handled: 14, dead: 1 });
      const counted = (count: (stats: ReturnType<DemoRun['handler']>) => number | undefined) =>
        Object.fromEntries(handlers.map((name) => [name, count(ofRun[name]!)]));
      await vi.waitFor(async () => {
        expect(await byHandler('messaging_client_consumed_messages_total')).toStrictEqual(
          counted(({ accepted, redriven }) => accepted! + redriven!),
        );
        expect(await byHandler('millrace_handler_handled_total')).toStrictEqual(counted(({ handled }) => handled));
        expect(await byHandler('millrace_handler_dead_letters_total')).toStrictEqual(counted(({ dead }) => dead));
        expect(await byHandler('messaging_process_duration_count')).toStrictEqual(
          counted(({ handled, dead }) => handled! + dead!),
        );
        // These the demo has held against its inspector.
        const total = async (metric: string) => (await prometheus.query(`sum(${metric})`))[0]?.value;
        expect(await total('messaging_client_consumed_messages_total')).toBe(run.sum('copies, as scraped'));
        expect(await total('millrace_handler_handled_total')).toBe(run.sum('handled, as scraped'));
        expect(await total('millrace_handler_retries_total')).toBe(run.sum('retries, as scraped'));
        expect(await total('millrace_handler_dead_letters_total')).toBe(run.sum('dead letters, as scraped'));
        expect(await total('messaging_client_sent_messages_total')).toBe(run.sum('events published'));
      }, WAIT);

      await vi.waitFor(async () => {
        const alerts = (await prometheus.alerts()).filter(({ state }) => state === 'firing');
        expect(
          alerts.map(({ name, labels }) => [name, labels['messaging_destination_subscription_name']]),
        ).toStrictEqual(
          expect.arrayContaining([
            ['MillraceDeadLetters', 'preferences'],
            ['MillraceDeadLetters', 'welcome-mail'],
          ]),
        );
        expect(alerts).toHaveLength(2);
        expect(alerts[0]!.labels).toMatchObject({ severity: 'warning', messaging_consumer_group_name: 'sign-up' });
      }, WAIT);

      run.kill('SIGINT');
      expect(await run.exitCode(), run.output).toBe(0);
      expect(run.output).not.toContain('Stopped');
    } finally {
      run.kill('SIGKILL');
    }
  }, 60_000);
});

it('has a test for every alert', async () => {
  const [rules, tests] = await Promise.all([readFile(RULES, 'utf8'), readFile(TESTS, 'utf8')]);
  const alerts = Array.from(rules.matchAll(/- alert: (\w+)/g), ([, name]) => name!);
  const firing = Array.from(tests.matchAll(/alertname: (\w+)\n\s+exp_alerts:/g), ([, name]) => name!);
  expect(new Set(firing)).toStrictEqual(new Set(alerts));
});

it('has rules that name only metrics and labels that the SDK prints, of a program with some of everything', async () => {
  await using receiver = await openReceiver();
  await using sdk = await startSdk(receiver.url);
  const probe = otelMetrics();
  const Placed = defineEvent('order.placed', z.string());
  const broker = memoryBroker();
  await using brokered = createBrokeredBus(broker, { group: 'billing', probe });
  brokered.on(Placed, () => Promise.resolve(), { name: 'invoice' });
  using bus = createEventBus({ name: 'orders', probe });
  bus.on(Placed, () => Promise.resolve(), { name: 'mail' });
  bus.deadLetters.subscribe();
  expect(bus.ingest(Placed, 7)).toBe(false);
  const breaker = { failureThreshold: 1, resetAfterMs: 60_000 };
  const processor = createProcessor<string>(() => Promise.resolve(), { name: 'resize', probe, breaker });
  const channel = createChannel<string>({ name: 'uploads', capacity: 3, probe });
  await channel.send('left');
  await using projection = runProjection(memoryEventStore(), { name: 'balances', on: () => undefined }, { probe });
  await projection.caughtUp();
  await brokered.ready;

  const { series } = await Scrape.of(sdk.metricsUrl);
  const printed = new Set(series.flatMap(({ name, labels }) => [name].concat(Object.keys(labels))));
  const rules = (await readFile(RULES, 'utf8')).replaceAll(/^ *#.*$/gm, '');
  const named = new Set(Array.from(rules.matchAll(/\b(?:millrace|messaging)_\w+/g), ([name]) => name));
  expect(named.size).toBeGreaterThan(20);
  expect(Array.from(named).filter((name) => !printed.has(name))).toStrictEqual([]);
  // So that rules can tell the handlers of a brokered bus.
  const groupsOf = (name: string, label: string) =>
    series.filter((one) => one.name === name).map(({ labels }) => labels[label]);
  expect(groupsOf('millrace_handler_waiting', 'messaging_consumer_group_name')).toContain('billing');
  expect(groupsOf('millrace_broker_connected', 'millrace_bus')).toStrictEqual(['billing']);
  channel.close();
  processor.close();
});

it('is what the README shows', async () => {
  const [rules, readme] = await Promise.all([readFile(RULES, 'utf8'), readFile('README.md', 'utf8')]);
  const shown = /```yaml\ngroups:\n[^`]*rules:\n([^`]+)```/.exec(readme)![1]!.trimEnd().split('\n\n');
  expect(shown.filter((rule) => !rules.includes(rule))).toStrictEqual([]);
  const alerts = Array.from(rules.matchAll(/- alert: (\w+)/g), ([, name]) => name!);
  expect(Array.from(readme.matchAll(/^\| `(Millrace\w+)` +\|/gm), ([, name]) => name!)).toStrictEqual(alerts);
});

const WAIT = { timeout: 15_000, interval: 100 };

/** Twelve that go well, one whose file cannot be written at first, and one without a mailbox at first. */
const SIGN_UPS: readonly string[] = [
  ...Array.from({ length: 12 }, (_, index) => `user${index}@host${index}.example`),
  'margaret@hamilton.example',
  'nobody@orchard.example',
].map((email) => JSON.stringify({ email, name: 'Somebody', plan: 'free' }));
