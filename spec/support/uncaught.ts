/** Notes what nobody catches, for as long as it is watched: in a page, spec/browser/page/uncaught.ts does so. */
export function watchUncaught(uncaught: unknown[]): Disposable {
  const note = (error: unknown): void => void uncaught.push(error);
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
  return {
    [Symbol.dispose]() {
      process.off('unhandledRejection', note);
      process.off('uncaughtException', note);
    },
  };
}
