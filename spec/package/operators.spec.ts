import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bundle } from '../support/bundle.ts';

// Whoever takes one operator pays for that one. The limits are what they weigh now, a little rounded up; 1 kB is 1,000 bytes.
describe('an operator can be had without the engine', () => {
  it.each([
    { operator: 'batch', limit: 900 },
    { operator: 'circuitBreaker', limit: 1_150 },
    { operator: 'deadLetterTo', limit: 220 },
    { operator: 'deduplicate', limit: 1_800 },
    { operator: 'mergeMapByKey', limit: 1_750 },
    { operator: 'rateLimit', limit: 1_650 },
    { operator: 'retryWithBackoff', limit: 1_100 },
  ])('$operator, in $limit bytes', async ({ operator, limit }) => {
    const { code, files } = await bundle(`import { ${operator} } from 'millrace'; console.log(${operator});`);
    expect(files).toContain(`lib/flow/${toKebabCase(operator)}.ts`);
    expect(files.filter((file) => /^lib\/(?!core\/|flow\/)/.test(file))).toEqual([]);
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(limit);
  });

  it('which shows where it is taken', async () => {
    const { files } = await bundle(`import { createProcessor } from 'millrace'; console.log(createProcessor);`);
    expect(files).toContain('lib/process/pump.ts');
  });
});

function toKebabCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
