import { createEventBus, defineEvent, payload } from 'millrace';
import { delayed, record, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const VideoUploaded = defineEvent('video.uploaded', payload<{ id: number }>());

it(
  'finishes what it can before a deploy, and keeps the rest as letters for the next process',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    const encoded: number[] = [];
    bus.on(
      VideoUploaded,
      delayed(({ data }) => encoded.push(data.id), 400),
      { name: 'encoder' },
    );
    const recorded = record(bus);
    for (const id of [1, 2, 3, 4]) bus.emit(VideoUploaded, { id });

    const report = await bus.drain({ deadlineMs: 1_000 });

    expect(time.now).toBe(1_000);
    expect(report).toMatchObject({ completed: false, handled: 2, abandoned: 2 });
    expect(encoded).toEqual([1, 2]);
    expect(recorded.deadLettered(VideoUploaded).map(({ reason, event }) => [reason, event.data.id])).toEqual([
      ['abandoned', 3],
      ['abandoned', 4],
    ]);
    expect(() => bus.emit(VideoUploaded, { id: 5 })).toThrow('closed');
  }),
);
