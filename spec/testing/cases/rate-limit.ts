import { createEventBus, defineEvent, payload, rateLimit } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { mergeMap } from 'rxjs';
import { expect, it } from 'vitest';

const ContactChanged = defineEvent('contact.changed', payload<{ id: number }>());

it(
  'asks an API no more often than its terms allow, in any second, and for everything in the end',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    const asked: number[] = [];
    const answered: number[] = [];
    const ask = async (id: number): Promise<number> => {
      asked.push(time.now);
      return new Promise((resolve) => setTimeout(() => resolve(id), 30));
    };
    bus
      .events(ContactChanged)
      .pipe(
        rateLimit({ limit: 2, windowMs: 1_000 }),
        mergeMap(({ data }) => ask(data.id)),
      )
      .subscribe((id) => answered.push(id));

    for (let id = 1; id <= 5; id++) bus.emit(ContactChanged, { id });
    await time.runAll();

    expect(asked).toEqual([0, 0, 1_000, 1_000, 2_000]);
    expect(answered).toEqual([1, 2, 3, 4, 5]);
  }),
);
