import { createEventBus, defineEvent, payload } from 'millrace';
import { record, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const AvatarChanged = defineEvent('avatar.changed', payload<{ url: string }>());

/** A download that never ends, as `fetch` behaves: it rejects with the reason of its signal. */
const download = (_url: string, { signal }: { signal: AbortSignal }) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

it(
  'gives each download 50 ms, whatever time its handler has',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    const recorded = record(bus);
    bus.on(
      AvatarChanged,
      ({ data }, { signal }) => download(data.url, { signal: AbortSignal.any([signal, AbortSignal.timeout(50)]) }),
      { name: 'avatars', timeoutMs: 1_000, retry: { maxAttempts: 3, delayMs: 25, multiplier: 1 } },
    );

    await bus.publish(AvatarChanged, { url: 'https://example.com/ada.png' });

    expect(time.now).toBe(3 * 50 + 2 * 25);
    const [letter] = recorded.deadLettered(AvatarChanged);
    expect(letter).toMatchObject({ reason: 'exhausted', attempts: [{}, {}, { error: { name: 'TimeoutError' } }] });
  }),
);

it(
  'gives a download up when its handler is closed',
  virtualTest(async ({ time }) => {
    const bus = createEventBus();
    const reasons: unknown[] = [];
    const avatars = bus.on(AvatarChanged, async ({ data }, { signal }) => {
      const both = AbortSignal.any([signal, AbortSignal.timeout(50)]);
      await download(data.url, { signal: both }).catch((reason: unknown) => reasons.push(reason));
    });

    bus.emit(AvatarChanged, { url: 'https://example.com/ada.png' });
    await time.advance(10);
    avatars.unsubscribe();
    await time.advance(100);

    expect(reasons).toHaveLength(1);
    expect(reasons[0]).not.toMatchObject({ name: 'TimeoutError' });
  }),
);
