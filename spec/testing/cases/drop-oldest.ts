import { createEventBus, defineEvent, payload } from 'millrace';
import { delayed, record, timeline, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const Measured = defineEvent('sensor.measured', payload<{ celsius: number }>());

it(
  'draws the newest temperatures when they come faster than the screen can draw',
  virtualTest(async ({ hot, time }) => {
    const bus = createEventBus();
    const drawn: number[] = [];
    bus.on(
      Measured,
      delayed(({ data }) => drawn.push(data.celsius), 8),
      {
        name: 'screen',
        capacity: 1,
        overflow: 'drop-oldest',
      },
    );
    const picture = timeline(bus);
    const recorded = record(bus);

    hot('1-2-3-4').subscribe((celsius) => bus.emit(Measured, { celsius: Number(celsius) }));
    await time.runAll();

    expect(drawn).toEqual([1, 4]);
    expect(recorded.dropped(Measured).map(({ event, reason }) => [event.data.celsius, reason])).toEqual([
      [2, 'drop-oldest'],
      [3, 'drop-oldest'],
    ]);
    expect(String(picture)).toMatchInlineSnapshot(`
      "ms               0    5    10   15
      sensor.measured  a-b-c-d----------
      screen           a~~~~~~~|
                         b.! d.1~~~~~~~|
                           c.!"
    `);
  }),
);
