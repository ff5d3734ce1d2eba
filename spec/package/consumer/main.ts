// A user's first program, outside this repository: consumers.spec.ts packs, installs, compiles and runs it.
import { createEventBus, defineEvent, payload } from 'millrace';
import { map } from 'rxjs';

const OrderPlaced = defineEvent('order.placed', payload<{ id: string; total: number }>());

using bus = createEventBus();
const totals: number[] = [];
bus.on(OrderPlaced, ({ data }) => void totals.push(data.total), { name: 'totals' });
bus
  .events(OrderPlaced)
  .pipe(map(({ data }) => data.id.toUpperCase()))
  .subscribe((id) => {
    console.log(id);
  });

const report = await bus.publish(OrderPlaced, { id: 'a-1', total: 40 });
console.log(report.ok, totals);
