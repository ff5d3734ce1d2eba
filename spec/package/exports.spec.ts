import { readFile } from 'node:fs/promises';
import * as millrace from 'millrace';
import { expect, it } from 'vitest';
import { bundle } from '../support/bundle.ts';

it('exports these names; the types are in api/millrace.api.md', () => {
  expect(Object.keys(millrace).toSorted()).toMatchInlineSnapshot(`
    [
      "CircuitOpenError",
      "ClosedError",
      "DeadLetterQueue",
      "DeliveryLostError",
      "EventSubject",
      "HandlerTimeoutError",
      "InvalidOptionError",
      "MillraceError",
      "OverflowError",
      "SchemaError",
      "batch",
      "circuitBreaker",
      "copyMessage",
      "createChannel",
      "createDeadLetterQueue",
      "createEventBus",
      "createEventSubject",
      "createProcessor",
      "createUuidV7",
      "deadLetterTo",
      "deduplicate",
      "defineEvent",
      "memoryBroker",
      "memoryBrokerStore",
      "memoryDeadLetterStore",
      "mergeMapByKey",
      "payload",
      "randomId",
      "rateLimit",
      "retryWithBackoff",
      "splitResults",
      "supervise",
    ]
  `);
});

it('names every export of the index, which holds nothing else', async () => {
  const index = await readFile('lib/index.ts', 'utf8');
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
