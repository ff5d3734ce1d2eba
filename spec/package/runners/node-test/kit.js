import assert from 'node:assert/strict';
import { createTestKit } from 'millrace/testing';

export const { marbles, virtualTest } = createTestKit({ assertEqual: assert.deepStrictEqual });
