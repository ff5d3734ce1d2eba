import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';

/** What the numbers depend on. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${model}, ${availableParallelism()} cores, ${memory}; ${platform()} ${arch()}; Node ${process.versions.node}, V8 ${process.versions.v8}`;
}
