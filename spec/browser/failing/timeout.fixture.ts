import { it } from 'vitest';

it('hangs', { timeout: 20 }, () => new Promise(() => undefined));
