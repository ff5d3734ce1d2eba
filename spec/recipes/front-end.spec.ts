import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createEnvironmentInjector, type EnvironmentInjector, Injector, runInInjectionContext } from '@angular/core';
import { Window } from 'happy-dom';
import { act, createElement, Fragment, startTransition, StrictMode, useLayoutEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { BehaviorSubject } from 'rxjs';
import type * as Svelte from 'svelte';
import { compile } from 'svelte/compiler';
import { get } from 'svelte/store';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { effectScope, watchSyncEffect } from 'vue';
import { openBlockFolder } from '../support/block-folder.ts';
import { bundle } from '../support/bundle.ts';
import { Cart } from './apps/angular/cart.ts';
import { useValue as useReactValue } from './apps/react/use-value.ts';
import { bus, OrderPlaced, prices } from './apps/shop.ts';
import type * as Shop from './apps/shop.ts';
import { useValue as useVueValue } from './apps/vue/use-value.ts';
import { recipe } from './recipe.ts';

describe('what a front end has of a subject', () => {
  it.each([
    ['### In a front end', 'ts', 'shop.ts'],
    ['### Angular', 'typescript', 'angular/cart.ts'],
    ['### React', 'ts', 'react/use-value.ts'],
    ['### Svelte', 'svelte', 'svelte/cart.svelte'],
    ['### Vue', 'ts', 'vue/use-value.ts'],
  ])('is what the README shows: %s', async (heading, language, file) => {
    const { code } = await recipe(heading, language);
    expect(`${code.trim()}\n`).toBe(await readFile(join('spec/recipes/apps', file), 'utf8'));
  });

  beforeAll(() => {
    const window = new Window();
    const { document, navigator, Comment, Element, Node, Text } = window;
    const globals = { window, document, navigator, Comment, Element, Node, Text, IS_REACT_ACT_ENVIRONMENT: true };
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
  });

  afterAll(() => {
    vi.unstubAllGlobals();
  });

  beforeEach(() => {
    vi.spyOn(console, 'error');
  });

  afterEach(() => {
    // React and Vue say there what is wrong with a hook.
    expect(console.error).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  describe('with React', () => {
    it('is its value, from the first render on, and on a server', async () => {
      const subject = new BehaviorSubject('a');
      const shown: string[] = [];
      const Value = () => {
        const value = useReactValue(subject);
        shown.push(value);
        return createElement('b', null, value);
      };
      expect(renderToString(createElement(Value))).toBe('<b>a</b>');
      shown.length = 0;
      const host = document.createElement('div');
      const root = createRoot(host);

      await act(async () => root.render(createElement(Value)));
      await act(async () => subject.next('b'));
      // The same once more is no reason to render.
      await act(async () => subject.next('b'));
      expect(host.innerHTML).toBe('<b>b</b>');
      expect(shown).toStrictEqual(['a', 'b']);
      await act(async () => root.unmount());
    });

    it('is subscribed to once, however often StrictMode mounts, and not at all in the end', async () => {
      const subject = new BehaviorSubject(0);
      const subscribe = vi.spyOn(subject, 'subscribe');
      const Value = () => createElement('b', null, useReactValue(subject));
      const root = createRoot(document.createElement('div'));
      const open = () => subscribe.mock.results.filter(({ value }) => !value.closed).length;

      await act(async () => root.render(createElement(StrictMode, null, createElement(Value))));
      expect(subscribe).toHaveBeenCalledTimes(2);
      expect(open()).toBe(1);
      await act(async () => subject.next(1));
      expect(subscribe).toHaveBeenCalledTimes(2);
      await act(async () => root.render(null));
      expect(open()).toBe(0);
      await act(async () => root.render(createElement(Value)));
      expect(open()).toBe(1);
      await act(async () => root.unmount());
      expect(open()).toBe(0);
      expect(subject.observed).toBe(false);
    });

    it('is never two values at once, when it changes while React renders', async () => {
      const subject = new BehaviorSubject('old');
      const First = () => useReactValue(subject);
      const Second = () => {
        // As an event does that comes between two slices of a transition.
        if (subject.value === 'old') subject.next('new');
        return useReactValue(subject);
      };
      const host = document.createElement('div');
      const painted: string[] = [];
      const Both = () => {
        useLayoutEffect(() => void painted.push(host.textContent));
        return createElement(Fragment, null, createElement(First), ' ', createElement(Second));
      };
      const root = createRoot(host);
      await act(async () => startTransition(() => root.render(createElement(Both))));
      expect(painted).toStrictEqual(['new new']);
      await act(async () => root.unmount());
    });

    it('is an error to its component, where the subject has failed', async () => {
      const subject = new BehaviorSubject(0);
      const Value = () => createElement('b', null, useReactValue(subject));
      const root = createRoot(document.createElement('div'));
      await act(async () => root.render(createElement(Value)));
      const failure = new Error('gone');
      await expect(act(async () => subject.error(failure))).rejects.toBe(failure);
    });
  });

  describe('with Svelte', () => {
    it('is a store already', () => {
      const subject = new BehaviorSubject('a');
      const seen: string[] = [];
      // The contract: the first call comes before subscribe returns, and what it returns ends it.
      const subscription = subject.subscribe((value) => seen.push(value));
      expect(seen).toStrictEqual(['a']);
      subscription.unsubscribe();
      // @ts-expect-error -- works, though its types want subscribe() to return a function
      expect(get(subject)).toBe('a');
      expect(subject.observed).toBe(false);
    });

    it('is shown by $prices, until the component is unmounted', async () => {
      await using folder = await openBlockFolder();
      const { Cart: SvelteCart, shop, svelte } = await svelteCart(folder.path);
      const { flushSync, mount, unmount } = svelte;
      const target = document.createElement('div');
      const shown = mount(SvelteCart, { target });
      flushSync();
      expect(target.querySelector('output')?.textContent).toBe('0 for 0 €');
      shop.prices.next([4, 8]);
      flushSync();
      expect(target.querySelector('output')?.textContent).toBe('2 for 12 €');
      await unmount(shown);
      expect(shop.prices.observed).toBe(false);
    });
  });

  describe('with Vue', () => {
    it('is a ref that ends with its scope', () => {
      const first = { count: 1 };
      const subject = new BehaviorSubject(first);
      const scope = effectScope();
      const seen: object[] = [];
      scope.run(() => {
        const value = useVueValue(subject);
        watchSyncEffect(() => void seen.push(value.value));
      });
      const second = { count: 2 };
      subject.next(second);
      // As they are: what is deep inside is made no proxy of.
      expect(seen[0]).toBe(first);
      expect(seen[1]).toBe(second);
      scope.stop();
      expect(subject.observed).toBe(false);
    });
  });

  describe('with Angular', () => {
    it('is a signal that ends with its component', () => {
      const injector = createEnvironmentInjector([], Injector.NULL as EnvironmentInjector);
      const cart = runInInjectionContext(injector, () => new Cart());
      expect([cart.prices(), cart.total()]).toStrictEqual([[], 0]);
      prices.next([4, 8]);
      expect([cart.prices(), cart.total()]).toStrictEqual([[4, 8], 12]);

      const placed = vi.fn();
      using orders = bus.on(OrderPlaced, ({ data }) => placed(data), { name: 'orders' });
      cart.placeOrder();
      expect(placed).toHaveBeenCalledExactlyOnceWith({ prices: [4, 8] });
      expect(orders.closed).toBe(false);

      injector.destroy();
      expect(prices.observed).toBe(false);
    });
  });
});

/** The component of the app, compiled for a page, with a shop of its own. */
async function svelteCart(folder: string): Promise<{
  readonly Cart: Svelte.Component;
  readonly shop: typeof Shop;
  readonly svelte: Pick<typeof Svelte, 'flushSync' | 'mount' | 'unmount'>;
}> {
  const { js } = compile(await readFile('spec/recipes/apps/svelte/cart.svelte', 'utf8'), { generate: 'client' });
  await mkdir(join(folder, 'svelte'));
  await writeFile(join(folder, 'svelte/cart.js'), js.code);
  await cp('spec/recipes/apps/shop.ts', join(folder, 'shop.ts'));
  const page = await bundle(
    `export { default as Cart } from '${folder}/svelte/cart.js';
    export * as shop from '${folder}/shop.ts';
    export * as svelte from 'svelte';`,
    { conditions: ['browser'], minify: false },
  );
  await writeFile(join(folder, 'page.js'), page.code);
  return import(/* @vite-ignore */ pathToFileURL(join(folder, 'page.js')).href);
}
