import { beforeAll, it } from 'vitest';

beforeAll(() => {
  throw new Error('no database');
});

it('needs it', () => undefined);
