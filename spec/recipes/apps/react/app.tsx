import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { bus, ItemAdded, letters, openShop, order, OrderPlaced, prices, redrive, stock } from '../shop.ts';
import { useValue } from './use-value.ts';

function Shelf() {
  const left = useValue(stock);
  const items = [
    { name: 'tea', price: 4 },
    { name: 'cup', price: 8 },
  ];
  return items.map((item) => (
    <button key={item.name} onClick={() => bus.emit(ItemAdded, item)}>
      Add {item.name}, {left[item.name] ?? 'many'} left
    </button>
  ));
}

function Cart() {
  const inCart = useValue(prices);
  const total = inCart.reduce((sum, price) => sum + price, 0);
  return (
    <p>
      <output aria-label="cart">
        {inCart.length} for {total} €
      </output>
      <button disabled={total === 0} onClick={() => bus.emit(OrderPlaced, { prices: inCart })}>
        Order
      </button>
    </p>
  );
}

function Letters() {
  return useValue(letters).map(({ id, reason, attempts }) => (
    <p key={id} role="alert">
      {reason} after {attempts.length} attempts <button onClick={() => void redrive()}>Try again</button>
    </p>
  ));
}

function Shop() {
  useEffect(openShop, []);
  return (
    <>
      <Shelf />
      <Cart />
      <output aria-label="order">{useValue(order)}</output>
      <Letters />
    </>
  );
}

function App() {
  const [isOpen, setOpen] = useState(true);
  return (
    <>
      {isOpen && <Shop />}
      <button onClick={() => setOpen(!isOpen)}>{isOpen ? 'Leave' : 'Come back'}</button>
    </>
  );
}

createRoot(document.querySelector('main')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
