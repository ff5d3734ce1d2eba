import { createEventBus, memoryBroker } from 'millrace';
import { brokerContract, diagram, flaky, recordingBroker, timeline, virtualTest, waitFor } from 'millrace/testing';
import { EMPTY } from 'rxjs';
import { expect, it } from 'vitest';

// In a test, a misspelt option would go unnoticed for ever.
it.each([
  ['flaky', () => flaky(() => {}, 'ok', { pre: 'event' } as never)],
  ['diagram', () => diagram(EMPTY, { value: {} } as never)],
  ['timeline', () => timeline({ legnd: true } as never)],
  ['recordingBroker', () => recordingBroker({ publish: 'x' } as never)],
  ['brokerContract', () => brokerContract(() => memoryBroker(), {}, { timeoutMs: 1 } as never)],
  ['virtualTest', () => virtualTest(() => {}, { maxTimer: 1 } as never)],
  ['waitFor', () => waitFor(createEventBus(), 'a.>', { timeout: 1 } as never)],
])('%s refuses an option that does not exist, and names those that do', async (name, call) => {
  const refused = async (): Promise<unknown> => call();
  await expect(refused()).rejects.toThrow(new RegExp(`Expected .*options of ${name} \\('.*'\\), got .*'`, 'u'));
});
