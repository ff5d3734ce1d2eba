import { createEventBus, defineEvent, payload } from 'millrace';
import { flaky, timeline, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const BalanceChanged = defineEvent('balance.changed', payload<{ account: string; to: number }>());

it(
  'books the changes of an account in order although one must be tried again, while other accounts go on',
  virtualTest(async () => {
    const bus = createEventBus();
    const booked: string[] = [];
    bus.on(
      BalanceChanged,
      flaky(({ data }) => booked.push(`${data.account}=${data.to}`), 'x@2ms ok@2ms'),
      {
        name: 'ledger',
        key: ({ data }) => data.account,
        concurrency: 2,
        retry: { maxAttempts: 3, delayMs: 10 },
      },
    );
    const picture = timeline(bus, { legend: true });

    await Promise.all([
      bus.publish(BalanceChanged, { account: 'ada', to: 1 }),
      bus.publish(BalanceChanged, { account: 'ada', to: 2 }),
      bus.publish(BalanceChanged, { account: 'bob', to: 7 }),
      bus.publish(BalanceChanged, { account: 'bob', to: 8 }),
    ]);

    expect(booked).toEqual(['bob=7', 'bob=8', 'ada=1', 'ada=2']);
    expect(String(picture)).toMatchInlineSnapshot(`
      "ms               0    5    10   15
      balance.changed  (abcd)-----------
      ledger           a~x---------2~|
                       b.............1~|
                       c~|
                       d.1~|

      a = { account: 'ada', to: 1 }
      b = { account: 'ada', to: 2 }
      c = { account: 'bob', to: 7 }
      d = { account: 'bob', to: 8 }"
    `);
  }),
);
