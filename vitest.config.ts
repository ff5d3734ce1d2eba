import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const path = (relative: string): string => new URL(relative, import.meta.url).pathname;

export default defineConfig({
  resolve: {
    alias: [
      { find: /^millrace$/, replacement: path('lib/index.ts') },
      {
        find: /^millrace\/(bridge|indexeddb|kafka|nats|otel|postgres|rabbitmq|sqlite|testing)$/,
        replacement: `${path('lib')}/$1/index.ts`,
      },
      { find: /^millrace\/testing\/(\w+)$/, replacement: `${path('lib/testing')}/$1.ts` },
    ],
  },
  test: {
    include: ['spec/**/*.spec.ts'],
    // Ends the servers that specs have started, and names those that were missing.
    globalSetup: [path('spec/support/services-setup.ts')],
    setupFiles: process.env['CI'] === undefined ? [] : [path('spec/support/same-cases.ts')],
    // Those that use servers mostly wait for them: on two cores, vitest would take one worker.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // No spec is about how long it takes, and machines are noisy.
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // As a flag on the command line, vitest skipped these silently.
    typecheck: {
      enabled: true,
      include: ['spec/types/**/*.test-d.ts'],
      tsconfig: 'spec/types/tsconfig.json',
    },
  },
});
