import { Component, DestroyRef, inject } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { bus, ItemAdded, letters, openShop, order, redrive, stock } from '../shop.ts';
import { Cart } from './cart.ts';

@Component({
  selector: 'shop-front',
  imports: [Cart],
  template: `
    @for (item of items; track item.name) {
      <button (click)="add(item)">Add {{ item.name }}, {{ stock()[item.name] ?? 'many' }} left</button>
    }
    <p><shop-cart /></p>
    <output aria-label="order">{{ order() }}</output>
    @for (letter of letters(); track letter.id) {
      <p role="alert">
        {{ letter.reason }} after {{ letter.attempts.length }} attempts
        <button (click)="redrive()">Try again</button>
      </p>
    }
  `,
})
export class Shop {
  protected readonly items = [
    { name: 'tea', price: 4 },
    { name: 'cup', price: 8 },
  ];
  protected readonly order = toSignal(order, { requireSync: true });
  protected readonly letters = toSignal(letters, { requireSync: true });
  protected readonly stock = toSignal(stock, { requireSync: true });
  protected readonly redrive = redrive;

  constructor() {
    inject(DestroyRef).onDestroy(openShop());
  }

  protected add(item: (typeof this.items)[number]): void {
    bus.emit(ItemAdded, item);
  }
}
