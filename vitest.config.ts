import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { millrace: new URL('./lib/index.ts', import.meta.url).pathname } },
  test: {
    include: ['spec/**/*.spec.ts'],
    // As a flag on the command line, vitest skipped these silently.
    typecheck: {
      enabled: true,
      include: ['spec/types/**/*.test-d.ts'],
      tsconfig: 'spec/types/tsconfig.json',
    },
  },
});
