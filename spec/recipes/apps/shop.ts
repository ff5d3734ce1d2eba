import { createEventBus, type DeadLetter, defineEvent, type HandlerContext, type MessageOf, payload } from 'millrace';
import { connectEvents } from 'millrace/bridge';
import { BehaviorSubject, fromEvent, takeUntil } from 'rxjs';

export const ItemAdded = defineEvent('cart.item_added', payload<{ name: string; price: number }>());
export const OrderPlaced = defineEvent('order.placed', payload<{ prices: readonly number[] }>());
export const StockCounted = defineEvent('stock.counted', payload<{ name: string; left: number }>());

export const bus = createEventBus();
export const prices = new BehaviorSubject<readonly number[]>([]); // of what is in the cart
export const order = new BehaviorSubject<'done' | 'failed' | 'none' | 'retrying' | 'sending'>('none');
export const stock = new BehaviorSubject<Readonly<Record<string, number>>>({});
export const letters = new BehaviorSubject<readonly DeadLetter[]>([]);

/** Begins when a component comes. What it returns is for when that goes: it ends all handlers, and the connection. */
export function openShop(): () => void {
  const leaving = new AbortController();
  const { signal } = leaving;
  bus.on(ItemAdded, ({ data }) => prices.next([...prices.value, data.price]), { name: 'cart', signal });
  bus.on(OrderPlaced, () => prices.next([]), { name: 'checkout', signal });
  bus.on(OrderPlaced, send, { name: 'orders', retry: { maxAttempts: 3 }, timeoutMs: 5_000, capacity: 8, signal });
  bus.on(StockCounted, ({ data }) => stock.next({ ...stock.value, [data.name]: data.left }), { name: 'stock', signal });
  bus.deadLetters.pipe(takeUntil(fromEvent(signal, 'abort'))).subscribe(({ handler }) => {
    if (handler === 'orders') order.next('failed');
    void listLetters();
  });
  connectEvents(bus, '/events', { receive: [StockCounted], signal }); // what the server says, live
  return () => leaving.abort();
}

/** Gives what has failed for good another chance. */
export async function redrive(): Promise<void> {
  await bus.deadLetters.redrive();
  await listLetters();
}

async function send({ id, data }: MessageOf<typeof OrderPlaced>, { attempt, signal }: HandlerContext): Promise<void> {
  order.next(attempt === 1 ? 'sending' : 'retrying');
  // The same key each time: the server takes an order once, however often it comes.
  const headers = { 'content-type': 'application/json', 'idempotency-key': id };
  const { ok, status } = await fetch('/orders', { method: 'POST', headers, body: JSON.stringify(data), signal });
  if (!ok) throw new Error(`Expected the order to be taken, got status ${status}.`);
  order.next('done');
}

async function listLetters(): Promise<void> {
  letters.next(await bus.deadLetters.list());
}
