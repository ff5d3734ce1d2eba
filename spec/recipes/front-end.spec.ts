import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createEnvironmentInjector, type EnvironmentInjector, type InjectionToken, Injector } from '@angular/core';
import { Window } from 'happy-dom';
import { createEventBus, type EventBus, type EventDefinition } from 'millrace';
import { act, createElement, type FunctionComponent, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import type * as Svelte from 'svelte';
import { compile } from 'svelte/compiler';
import type * as Store from 'svelte/store';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BlockFolder, openBlockFolder } from '../support/block-folder.ts';
import { bundle } from '../support/bundle.ts';
import { recipe } from './recipe.ts';

interface Prices {
  readonly PriceMoved: EventDefinition<'price.moved', number>;
  readonly bus: EventBus;
}

describe('a recipe for a front end', () => {
  let folder: BlockFolder;
  let printed: string[];

  beforeAll(async () => {
    folder = await openBlockFolder();
    const window = new Window();
    const { document, navigator, Element, Node, Text } = window;
    for (const [name, value] of Object.entries({ window, document, navigator, Element, Node, Text })) {
      vi.stubGlobal(name, value);
    }
  });

  afterAll(async () => {
    vi.unstubAllGlobals();
    await folder[Symbol.asyncDispose]();
  });

  beforeEach(() => {
    printed = [];
    vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('Angular: a signal, a pipeline and a handler end with their component', async () => {
    const { PriceMoved, BUS, PriceTag } = await load<{
      readonly PriceMoved: Prices['PriceMoved'];
      readonly BUS: InjectionToken<EventBus>;
      readonly PriceTag: new () => { price(): { data: number } | undefined };
    }>(await folder.build(await recipe('### Angular')));
    const bus = createEventBus();
    const providers = [PriceTag, { provide: BUS, useValue: bus }];
    const injector = createEnvironmentInjector(providers, Injector.NULL as EnvironmentInjector);
    const tag = injector.get(PriceTag);
    expect(tag.price()).toBeUndefined();

    bus.emit(PriceMoved, 1);
    expect(tag.price()?.data).toBe(1);
    expect(printed).toStrictEqual(['saved 1', 'now 1']);

    injector.destroy();
    expect(listeners(bus, PriceMoved)).toStrictEqual({ observed: false, handlers: 0 });
  });

  it('React: a late component has the latest value, and StrictMode leaves nothing behind', async () => {
    vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
    const { bus, PriceMoved, PriceTag } = await load<Prices & { readonly PriceTag: FunctionComponent }>(
      await folder.build(await recipe('### React', 'tsx')),
    );
    const subscribe = vi.spyOn(bus.subject(PriceMoved), 'subscribe');
    const host = document.createElement('div');
    const root = createRoot(host);
    bus.emit(PriceMoved, 1);
    expect(renderToString(createElement(PriceTag))).toBe('<b>–</b>');

    await act(async () => root.render(createElement(StrictMode, null, createElement(PriceTag))));
    expect(subscribe).toHaveBeenCalledTimes(2); // StrictMode mounts twice.
    expect(host.innerHTML).toBe('<b>1</b>');
    printed = [];
    await act(async () => void bus.emit(PriceMoved, 2));
    expect(host.innerHTML).toBe('<b>2</b>');
    expect(printed).toStrictEqual(['saved 2']);
    expect(listeners(bus, PriceMoved)).toStrictEqual({ observed: true, handlers: 1 });

    await act(async () => root.unmount());
    expect(listeners(bus, PriceMoved)).toStrictEqual({ observed: false, handlers: 0 });
  });

  it('Svelte: an Observable is a store, and a component that is unmounted leaves nothing behind', async () => {
    const component = compile((await recipe('### Svelte', 'svelte')).code, { generate: 'client' });
    await writeFile(join(folder.path, 'PriceTag.js'), component.js.code);
    await writeFile(join(folder.path, 'price.ts'), (await recipe('### Svelte')).code);
    const page = await bundle(
      `export { default as PriceTag } from '${folder.path}/PriceTag.js';
      export * from '${folder.path}/price.ts';
      import { flushSync, mount, unmount } from 'svelte';
      import { get } from 'svelte/store';
      export const svelte = { flushSync, get, mount, unmount };`,
      { conditions: ['browser'], minify: false },
    );
    await writeFile(join(folder.path, 'page.js'), page.code);
    const { bus, PriceMoved, PriceTag, price, priceStore, svelte } = await load<
      Prices & {
        readonly PriceTag: Svelte.Component;
        readonly price: Store.Readable<number>;
        readonly priceStore: Store.Readable<number>;
        readonly svelte: Pick<typeof Svelte, 'flushSync' | 'mount' | 'unmount'> & Pick<typeof Store, 'get'>;
      }
    >(join(folder.path, 'page.js'));
    const { flushSync, get, mount, unmount } = svelte;
    const target = document.createElement('div');
    const shown = mount(PriceTag, { target });
    flushSync();
    expect(target.textContent).toBe('–');

    bus.emit(PriceMoved, 1);
    flushSync();
    expect(target.textContent).toBe('1');
    expect(printed).toStrictEqual(['saved 1']);
    expect([get(price), get(priceStore)]).toStrictEqual([1, 1]);

    await unmount(shown);
    expect(listeners(bus, PriceMoved)).toStrictEqual({ observed: false, handlers: 0 });
  });
});

async function load<Module>(file: string): Promise<Module> {
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Module;
}

function listeners(bus: EventBus, definition: EventDefinition): { observed: boolean; handlers: number } {
  const open = bus.stats().handlers.filter(({ state }) => state === 'open');
  return { observed: bus.subject(definition).observed, handlers: open.length };
}
