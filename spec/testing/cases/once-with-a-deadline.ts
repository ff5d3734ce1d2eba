import { createEventBus, defineEvent, payload } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const PaymentArrived = defineEvent('payment.arrived', payload<{ amount: number }>());

it(
  'waits for a payment for ten minutes, and not in the test',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    const waitForPayment = () => bus.once(PaymentArrived, { signal: AbortSignal.timeout(600_000) });

    setTimeout(() => bus.emit(PaymentArrived, { amount: 42 }), 599_999);
    expect((await waitForPayment()).data).toEqual({ amount: 42 });
    expect(time.now).toBe(599_999);

    await expect(waitForPayment()).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(time.now).toBe(1_199_999);
  }),
);
