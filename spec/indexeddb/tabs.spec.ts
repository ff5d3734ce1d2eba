import { ClosedError, type EventStore, VersionConflictError } from 'millrace';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { settled } from '../support/virtual-clock.ts';
import { FakeBrowser } from './fake-browser.ts';

const deposited = (amount: number) => ({ type: 'account.deposited', data: { amount } });

/** Longer than any test: who depends on polling fails. */
const NEVER_MS = 2_000_000_000;

afterEach(() => {
  vi.unstubAllGlobals();
});

async function take(store: EventStore, count: number): Promise<number[]> {
  const positions: number[] = [];
  for await (const { position } of store.subscribe()) {
    positions.push(position);
    if (positions.length === count) break;
  }
  return positions;
}

it('lets one of eight tabs write a version, every time', async () => {
  await using browser = new FakeBrowser();
  const tabs = await Promise.all(Array.from({ length: 8 }, () => browser.open()));
  const amounts = await Promise.all(tabs.map(withdrawTen));
  expect(amounts.flat()).toHaveLength(80);
  const versions: number[] = [];
  for await (const { version } of tabs[0]!.readStream('account-1')) versions.push(version);
  expect(versions).toStrictEqual(Array.from({ length: 80 }, (_, at) => at + 1));
});

async function withdrawTen(tab: EventStore): Promise<number[]> {
  const written: number[] = [];
  while (written.length < 10) {
    const expectedVersion = await tab.streamVersion('account-1');
    try {
      written.push((await tab.append('account-1', deposited(1), { expectedVersion })).version);
    } catch (error) {
      expect(error).toBeInstanceOf(VersionConflictError);
    }
  }
  return written;
}

it('gives 16 subscribers in several tabs every event once, while tabs write', async () => {
  await using browser = new FakeBrowser();
  const tabs = await Promise.all(Array.from({ length: 4 }, () => browser.open({ pollMs: NEVER_MS, pageSize: 16 })));
  await tabs[0]!.append(
    'account-0',
    Array.from({ length: 50 }, (_, at) => deposited(at)),
  );
  const readers = tabs.flatMap((tab) => Array.from({ length: 4 }, () => take(tab, 250)));
  await Promise.all(
    tabs.map(async (tab, at) => {
      for (let count = 0; count < 50; count++) await tab.append(`account-${at}`, deposited(count));
    }),
  );
  const all = Array.from({ length: 250 }, (_, at) => at + 1);
  for (const reader of readers) expect(await reader).toStrictEqual(all);
});

describe('without BroadcastChannel', () => {
  it('sees what other tabs append by looking from time to time', async () => {
    vi.stubGlobal('BroadcastChannel', undefined);
    await using browser = new FakeBrowser();
    const reader = await browser.open({ pollMs: 5 });
    const writer = await browser.open();
    const seen = take(reader, 3);
    for (let at = 0; at < 3; at++) await writer.append('account-1', deposited(at));
    expect(await seen).toStrictEqual([1, 2, 3]);
  });
});

it('wakes nobody for an append that was refused', async () => {
  await using browser = new FakeBrowser();
  const store = await browser.open();
  const other = new BroadcastChannel(`millrace:${browser.name}`);
  const told: unknown[] = [];
  other.onmessage = ({ data }) => told.push(data);
  await expect(store.append('a', deposited(1), { expectedVersion: 7 })).rejects.toThrow(VersionConflictError);
  await store.append('a', deposited(1));
  await vi.waitUntil(() => told.length > 0);
  expect(told).toStrictEqual(['appended']);
  other.close();
});

it('writes what waits before it closes, and ends subscriptions', async () => {
  await using browser = new FakeBrowser();
  const store = await browser.open();
  const seen = take(store, 99);
  const appends = [store.append('a', deposited(0))];
  await settled();
  appends.push(store.append('a', deposited(1)), store.append('a', deposited(2)));
  await store.close();
  expect((await Promise.all(appends)).map(({ version }) => version)).toStrictEqual([1, 2, 3]);
  expect(browser.connections).toBe(1);
  await seen;
  await expect(store.append('a', deposited(4))).rejects.toThrow(ClosedError);
  expect(await (await browser.open()).head()).toMatchObject({ position: 3 });
});

it('has no locks where the browser has none', async () => {
  vi.stubGlobal('navigator', {});
  await using browser = new FakeBrowser();
  expect(await browser.open()).toHaveProperty('lock', undefined);
  vi.stubGlobal('navigator', undefined);
  expect(await browser.open()).toHaveProperty('lock', undefined);
});
