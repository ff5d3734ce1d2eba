/** What the virtual clock needs of Node's own modules. */
interface NodeModules {
  readonly 'node:async_hooks': {
    readonly AsyncResource: new (
      type: string,
      options: { readonly requireManualDestroy: boolean },
    ) => {
      runInAsyncScope<Given extends unknown[]>(call: (...given: Given) => void, self: undefined, ...given: Given): void;
    };
  };
  readonly 'node:module': { readonly syncBuiltinESMExports: () => void };
  readonly 'node:timers': Record<string, unknown>;
}

/** A module of Node's own, without an import that browsers could not follow; `undefined` there. */
export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.(name) as NodeModules[Name] | undefined;
}

/** Remembers the asynchronous context, as Node's timers do: a callback finds there what an AsyncLocalStorage holds. */
export function inThisContext<Given extends unknown[]>(callback: (...given: Given) => void): (...given: Given) => void {
  const AsyncResource = nodeModule('node:async_hooks')?.AsyncResource;
  if (AsyncResource === undefined) return callback;
  // Else each costs a hundred times as much, to tell hooks of its end.
  const context = new AsyncResource('VirtualTimer', { requireManualDestroy: true });
  return (...given) => context.runInAsyncScope(callback, undefined, ...given);
}

/** Lets `import { setTimeout } from 'node:timers/promises'` see what has been changed in that module. */
export function showChangedModules(): void {
  nodeModule('node:module')?.syncBuiltinESMExports();
}
