// What spec/support/uncaught.ts is in Node.

/** Notes what nobody catches, for as long as it is watched. */
export function watchUncaught(uncaught: unknown[]): Disposable {
  const watching = new AbortController();
  const { signal } = watching;
  addEventListener('error', ({ error }) => void uncaught.push(error), { signal });
  addEventListener('unhandledrejection', ({ reason }) => void uncaught.push(reason), { signal });
  return { [Symbol.dispose]: () => watching.abort() };
}
