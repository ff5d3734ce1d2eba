// `npm run check`: everything but the tests, quickest first; it stops at the first that fails.
import { execSync } from 'node:child_process';

const shown = { stdio: 'inherit' };
// A changed API is written into the report here, and is a failure where nobody can commit it.
const report = process.env.CI ? '' : '--local';

try {
  execSync('oxfmt --check', shown);
  // Demos and the bench see the library as built: without it, lint would find `any` everywhere.
  execSync('npm run build --silent', shown);
  execSync('oxlint', shown);
  execSync('tsc -p spec', shown);
  execSync('tsc -p spec/bench', shown);
  execSync('tsc -p demos', shown);
  execSync('tsc -p spec/package/api', shown);
  for (const door of [
    'api-extractor',
    'bridge',
    'indexeddb',
    'kafka',
    'nats',
    'otel',
    'postgres',
    'rabbitmq',
    'sqlite',
    'testing',
    'testing-matchers',
  ]) {
    execSync(`api-extractor run ${report} -c spec/package/api/${door}.json`, shown);
  }
  execSync('publint --strict', shown);
  execSync('attw --pack --profile esm-only', shown);
  execSync('knip --config spec/package/knip.json', shown);
} catch {
  process.exitCode = 1; // The tool has said why.
}
