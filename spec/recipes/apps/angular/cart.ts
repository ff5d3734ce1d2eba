import { Component, computed } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { bus, OrderPlaced, prices } from '../shop.ts';

@Component({
  selector: 'shop-cart',
  template: `
    <output aria-label="cart">{{ prices().length }} for {{ total() }} €</output>
    <button [disabled]="total() === 0" (click)="placeOrder()">Order</button>
  `,
})
export class Cart {
  readonly prices = toSignal(prices, { requireSync: true });
  readonly total = computed(() => this.prices().reduce((sum, price) => sum + price, 0));

  placeOrder(): void {
    bus.emit(OrderPlaced, { prices: this.prices() });
  }
}
