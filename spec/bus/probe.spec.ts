import { createEventBus, type EventMessage, type Probe } from 'millrace';
import { describe, expect, it, vi } from 'vitest';
import { Tick, Tock } from '../support/events.ts';

describe('the probe of a bus', () => {
  it('may add headers to a message before anybody is offered it', async () => {
    const bus = createEventBus({ probe: { publishing: ({ type }) => ({ traceparent: `of ${type}` }) } });
    const seen: EventMessage[] = [];
    bus.on('*', (event) => void seen.push(event));
    bus.events(Tick).subscribe((event) => seen.push(event));
    bus.emit(Tick, 1, { id: 'm1', subject: 's', headers: { tenant: 'acme' } });
    await bus.publish(Tock, 1);
    expect(seen.map(({ headers }) => headers)).toStrictEqual([
      { tenant: 'acme', traceparent: 'of tick' },
      { tenant: 'acme', traceparent: 'of tick' },
      { traceparent: 'of tock' },
    ]);
    expect(seen[0]!.toJSON()).toMatchObject({ id: 'm1', type: 'tick', data: 1, subject: 's' });
  });

  it('adds them to what comes by next and by ingest, too', () => {
    const bus = createEventBus({ probe: { publishing: () => ({ seen: 'yes' }) } });
    const headers: unknown[] = [];
    bus.on(Tick, (event) => void headers.push(event.headers));
    bus.subject(Tick).next(Tick.create(1, { headers: { tenant: 'acme' } }));
    bus.ingest(Tick, 2);
    expect(headers).toStrictEqual([{ tenant: 'acme', seen: 'yes' }, { seen: 'yes' }]);
  });

  it('leaves the message as it is where it returns nothing', () => {
    const bus = createEventBus({ probe: { publishing: () => undefined } });
    const message = Tick.create(1);
    const seen: unknown[] = [];
    bus.on(Tick, (event) => void seen.push(event));
    bus.subject(Tick).next(message);
    expect(seen[0]).toBe(message);
  });

  it('is told in the order in which things happen', async () => {
    const told: string[] = [];
    const probe: Probe = {
      publishing: ({ type }) => void told.push(`publishing ${type}`),
      accepted: ({ handler }) => void told.push(`accepted by ${handler}`),
      started: ({ handler, attempts }) => void told.push(`started ${handler} ${attempts}`),
      retried: ({ handler }, { delayMs }) => void told.push(`retried ${handler} in ${delayMs}`),
      settled: ({ handler }, { outcome }) => void told.push(`settled ${handler} ${outcome}`),
      dropped: ({ handler }, reason) => void told.push(`dropped ${handler} ${reason}`),
      drained: (handler, { handled }) => void told.push(`drained ${handler} ${handled}`),
    };
    const bus = createEventBus({ probe });
    bus.on(
      Tick,
      (_, { attempt }) => {
        if (attempt === 1) throw new Error('not yet');
      },
      { name: 'a', retry: { maxAttempts: 2, delayMs: 0 } },
    );
    await bus.publish(Tick, 1);
    expect(told).toStrictEqual([
      'publishing tick',
      'accepted by a',
      'started a 1',
      'retried a in 0',
      'started a 2',
      'settled a handled',
    ]);
  });

  it('runs every handler call inside around', async () => {
    let context = 'none';
    const bus = createEventBus({
      probe: {
        around: ({ handler }, call) => {
          context = `inside ${handler}`;
          try {
            return call();
          } finally {
            context = 'none';
          }
        },
      },
    });
    const seen: string[] = [];
    bus.on(Tick, () => void seen.push(context), { name: 'a' });
    bus.on(Tick, () => void seen.push(context), { name: 'b' });
    await bus.publish(Tick, 1);
    expect(seen).toStrictEqual(['inside a', 'inside b']);
    expect(context).toBe('none');
  });

  it.each(['publishing', 'accepted', 'started', 'retried', 'settled', 'drained', 'around'] as const)(
    'that throws in %s harms no event, and is reported',
    async (callback) => {
      const broken = new Error('broken probe');
      const bus = createEventBus({
        probe: {
          [callback]: () => {
            throw broken;
          },
        },
      });
      const reported = vi.fn();
      bus.errors.subscribe(({ kind, error }) => reported(kind, error));
      const subscription = bus.on(
        Tick,
        (_, { attempt }) => {
          if (attempt === 1) throw new Error('not yet');
        },
        { name: 'a', retry: { maxAttempts: 2, delayMs: 0 } },
      );
      expect(await bus.publish(Tick, 1)).toMatchObject({ ok: true, handlers: [{ attempts: 2 }] });
      await subscription.drain();
      expect(reported).toHaveBeenCalled();
      for (const call of reported.mock.calls) expect(call).toStrictEqual(['probe', broken]);
    },
  );

  it('is not told of an event that was refused', () => {
    const publishing = vi.fn(() => undefined);
    const bus = createEventBus({ probe: { publishing } });
    bus.close();
    expect(() => bus.emit(Tick, 1)).toThrow();
    expect(publishing).not.toHaveBeenCalled();
  });
});
