import { readFile } from 'node:fs/promises';
import * as millrace from 'millrace';
import * as otel from 'millrace/otel';
import * as testing from 'millrace/testing';
import * as matchers from 'millrace/testing/matchers';
import { expect, it } from 'vitest';
import { openBlockFolder } from '../support/block-folder.ts';
import { bundle } from '../support/bundle.ts';
import { run } from '../support/packed-package.ts';

it('exports these names; the types are in api/millrace.api.md', () => {
  expect(Object.keys(millrace).toSorted()).toMatchInlineSnapshot(`
    [
      "BrokerUnavailableError",
      "CircuitOpenError",
      "ClosedError",
      "DeadLetterQueue",
      "DeliveryLostError",
      "DuplicateEventError",
      "EventSubject",
      "HandlerTimeoutError",
      "InvalidMessageError",
      "InvalidOptionError",
      "LeaseLostError",
      "MillraceError",
      "NotJsonError",
      "OutcomeUnknownError",
      "OverflowError",
      "ProjectionStoppedError",
      "SchemaError",
      "StoreFormatError",
      "StoreUnavailableError",
      "StreamDeletedError",
      "TopologyError",
      "VersionConflictError",
      "WrongHistoryError",
      "batch",
      "circuitBreaker",
      "copyMessage",
      "createBrokeredBus",
      "createChannel",
      "createDeadLetterQueue",
      "createEventBus",
      "createEventStore",
      "createEventSubject",
      "createInspector",
      "createProcessor",
      "createRepository",
      "createUuidV7",
      "deadLetterTo",
      "deduplicate",
      "defineAggregate",
      "defineEvent",
      "health",
      "logProbe",
      "memoryBroker",
      "memoryBrokerStore",
      "memoryDeadLetterStore",
      "memoryEventStore",
      "mergeMapByKey",
      "payload",
      "projectionProgress",
      "randomId",
      "rateLimit",
      "relay",
      "retryWithBackoff",
      "runProjection",
      "splitResults",
      "supervise",
      "toMermaid",
      "trace",
      "withUpcasters",
    ]
  `);
});

it('exports these names for tests; the types are in api/millrace-testing.api.md', () => {
  expect(Object.keys(testing).toSorted()).toMatchInlineSnapshot(`
    [
      "TestFailure",
      "brokerContract",
      "createTestKit",
      "delayed",
      "diagram",
      "eventStoreContract",
      "explore",
      "flaky",
      "given",
      "hanging",
      "marbles",
      "record",
      "recordingBroker",
      "timeline",
      "virtualTest",
      "waitFor",
    ]
  `);
  expect(Object.keys(matchers)).toStrictEqual(['matchers']);
});

it('exports these names for OpenTelemetry; the types are in api/millrace-otel.api.md', () => {
  expect(Object.keys(otel).toSorted()).toStrictEqual(['otelMetrics', 'otelTraces', 'traceHeaders']);
});

it.each([
  'lib/index.ts',
  'lib/bridge/index.ts',
  'lib/indexeddb/index.ts',
  'lib/kafka/index.ts',
  'lib/nats/index.ts',
  'lib/otel/index.ts',
  'lib/postgres/index.ts',
  'lib/rabbitmq/index.ts',
  'lib/sqlite/index.ts',
  'lib/testing/index.ts',
])('names every export of %s, which holds nothing else', async (file) => {
  const index = await readFile(file, 'utf8');
  const code = index.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, '');
  const rest = code.replaceAll(/export (?:type )?\{[^}]*\} from '[^']+';/g, '');
  expect(rest.trim()).toBe('');
});

// A frozen constant is no deed, but a bundler cannot know: it says so with /* @__PURE__ */.
it('does nothing when it is imported', async () => {
  const { code } = await bundle(`import './lib/index.ts';`, {
    plugins: [
      {
        // Without this, `sideEffects: false` in package.json would drop the import unseen.
        name: 'doubt',
        setup: (esbuild) => {
          esbuild.onResolve({ filter: /^\./ }, ({ path, resolveDir }) => ({
            path: new URL(path, `file://${resolveDir}/`).pathname,
            sideEffects: true,
          }));
        },
      },
    ],
  });
  expect(code.replaceAll(/import(?:\{[^}]*\}from)?"rxjs";/g, '').trim()).toBe('');
});

// Its lists and constants would stay in a bundle, where no test belongs; so here it is seen at work.
it('does nothing when its testing kit is imported', async () => {
  await using folder = await openBlockFolder();
  const code = `
    import assert from 'node:assert/strict';
    const world = () => [Object.getOwnPropertyDescriptors(globalThis), process.eventNames(), Error.stackTraceLimit];
    const before = world();
    await import('millrace/testing');
    assert.deepEqual(world(), before);`;
  const file = await folder.build({ place: 'importing', language: 'ts', code });
  const { stdout, stderr } = await run(process.execPath, [file]);
  expect(stdout + stderr).toBe('');
});
