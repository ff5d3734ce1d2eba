import { it } from 'vitest';

it.only('is left from a long night', () => undefined);
