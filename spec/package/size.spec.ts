import { expect, it } from 'vitest';
import { bundle } from '../support/bundle.ts';
import { SIZES, zippedSize } from '../support/sizes.ts';

it.each(SIZES)(
  '$what has at most $limit bytes, and nothing of the testing kit',
  async ({ what, limit, layers, source }) => {
    const { code, files } = await bundle(source);
    const size = zippedSize(code);
    console.log(`size of ${what}: ${size} of ${limit} bytes`);
    expect(size).toBeLessThanOrEqual(limit);
    const found = files.flatMap((file) => /^lib\/(?<layer>\w+)\//.exec(file)?.groups?.['layer'] ?? []);
    expect([...new Set(found)].toSorted()).toStrictEqual(layers);
  },
);
