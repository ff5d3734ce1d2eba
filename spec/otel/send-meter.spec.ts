import { defineEvent, type Part, payload } from 'millrace';
import { expect, it, vi } from 'vitest';
import { BoundedNames } from '../../lib/otel/bounded-names.ts';
import { SendMeter } from '../../lib/otel/send-meter.ts';

it('forgets what was on its way of a bus that nobody watches any more', () => {
  const record = vi.fn();
  const meter = new SendMeter({ duration: { record }, types: new BoundedNames(9), errors: new BoundedNames(9) });
  const [here, there] = ['here', 'there'].map((name): Part => ({ kind: 'repository', name, stats: () => ({}) }));
  const [one, two] = [1, 2].map((data) => defineEvent('tick', payload<number>()).create(data));
  meter.started(one!, here!);
  meter.started(two!, there!);
  meter.forget(here!);
  meter.ended(one!, undefined);
  expect(record).not.toHaveBeenCalled();
  meter.ended(two!, undefined);
  expect(record).toHaveBeenCalledTimes(1);
});
