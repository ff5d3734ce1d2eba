/** What Node has and browsers have not. */
interface MaybeNode {
  readonly setImmediate?: (task: () => void) => unknown;
}

let channel: MessageChannel | undefined;
const tasks: (() => void)[] = [];

/**
 * Runs a task after the input, timers and painting that wait already: by `setImmediate` in Node, by a `MessageChannel` in browsers,
 * whose timers would wait for four milliseconds.
 */
export function runInMacrotask(task: () => void): void {
  // Read at each call, so that fake timers apply.
  const { setImmediate } = globalThis as MaybeNode;
  if (setImmediate !== undefined) {
    setImmediate(task);
    return;
  }
  if (channel === undefined) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => tasks.shift()?.();
  }
  tasks.push(task);
  channel.port2.postMessage(undefined);
}

/**
 * Whether a scheduler's time is the machine's. In virtual time there is nobody to give way to, and nothing that a macrotask
 * could wait for.
 */
export function isRealTime(now: number): boolean {
  return Math.abs(Date.now() - now) < 1_000;
}
