// Of node:events, what specs use. No browser tells who listens to a signal: so it is noted as listeners come and go.
const noted = new WeakMap<object, Listening[]>();

interface Listening {
  readonly type: string;
  readonly listener: unknown;
}

const { prototype } = AbortSignal;
const add = Reflect.get(prototype, 'addEventListener') as AddListener;
const remove = Reflect.get(prototype, 'removeEventListener') as AddListener;

type AddListener = (this: AbortSignal, type: string, listener: unknown, options?: unknown) => void;

Object.assign(prototype, {
  addEventListener(this: AbortSignal, type: string, listener: unknown, options?: { readonly once?: boolean }): void {
    add.call(this, type, listener, options);
    noted.set(this, [...without(this, type, listener), { type, listener }]);
    const forget = (): void => void noted.set(this, without(this, type, listener));
    if (options?.once === true) add.call(this, type, forget, { once: true });
  },
  removeEventListener(this: AbortSignal, type: string, listener: unknown, options?: unknown): void {
    remove.call(this, type, listener, options);
    noted.set(this, without(this, type, listener));
  },
});

/** The listeners of a signal. */
export function getEventListeners(signal: AbortSignal, type: string): unknown[] {
  return (noted.get(signal) ?? []).filter((listening) => listening.type === type).map(({ listener }) => listener);
}

function without(signal: AbortSignal, type: string, listener: unknown): Listening[] {
  return (noted.get(signal) ?? []).filter((other) => other.type !== type || other.listener !== listener);
}
