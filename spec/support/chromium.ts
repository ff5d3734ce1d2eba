import { type Browser, type BrowserContext, chromium, type LaunchOptions } from 'playwright-core';
import { afterAll } from 'vitest';
import { serviceUrl } from './services.ts';

/** The Chromium of this machine, if there is one: nothing is downloaded. */
export const chromiumPath: string | undefined = await serviceUrl('chromium');

const FLAGS = [
  // What it asks of the network by itself is no part of a spec.
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
  // For specs of what is kept in memory.
  '--enable-precise-memory-info',
  '--js-flags=--expose-gc',
];

let launching: Promise<Browser> | undefined;

/** The browser of this spec file: it is started by who first asks, and ends with the file. */
export async function openChromium(): Promise<Browser> {
  launching ??= chromium.launch(options());
  return launching;
}

afterAll(async () => {
  const browser = await launching;
  await browser?.close();
});

/**
 * A browser of its own, whose data outlive it.
 *
 * @param folder - where it keeps them
 */
export async function openProfile(folder: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, options());
}

/** Headless, and without a sandbox, which root and containers have not: what it opens is ours, and on this machine. */
function options(): LaunchOptions {
  if (chromiumPath === undefined) throw new Error('Expected a Chromium, got none. Skip where it is undefined.');
  return { executablePath: chromiumPath, chromiumSandbox: false, args: FLAGS };
}
