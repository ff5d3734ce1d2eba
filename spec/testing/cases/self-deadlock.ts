import { createEventBus, defineEvent, payload } from 'millrace';
import { record, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const FolderFound = defineEvent('folder.found', payload<{ path: string }>());

const children: Record<string, readonly string[]> = { '/': ['/etc', '/home'], '/home': ['/home/ada'] };

it(
  'finds out at once that a handler would wait for itself for ever',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    bus.on(
      FolderFound,
      async ({ data }, { publish }) => {
        for (const path of children[data.path] ?? []) await publish(FolderFound, { path });
      },
      { name: 'walk' },
    );

    const report = await bus.publish(FolderFound, { path: '/' });

    expect(report.handlers).toMatchObject([{ name: 'walk', outcome: 'dead', error: { code: 'SELF_DEADLOCK' } }]);
    expect(String(report.handlers[0]?.error)).toContain('context.emit');
    expect(time.now).toBe(0);
  }),
);

it(
  'walks through all folders when they are emitted instead',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    const recorded = record(bus);
    bus.on(FolderFound, ({ data }, { emit }) => {
      for (const path of children[data.path] ?? []) emit(FolderFound, { path });
    });

    bus.emit(FolderFound, { path: '/' });
    await time.settle();

    expect(recorded.handled(FolderFound).map(({ event }) => event.data.path)).toEqual([
      '/',
      '/etc',
      '/home',
      '/home/ada',
    ]);
  }),
);
