import { expect, it } from 'vitest';
import { bundle } from '../support/bundle.ts';

it('imports RxJS and nothing else, no node: module above all', async () => {
  const { imports } = await bundle(`export * from 'millrace';`);
  expect(imports).toStrictEqual(['rxjs']);
});
