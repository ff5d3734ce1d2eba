/** Starts a clock, and says each line with the seconds since then. */
export function startTimeline(): (line: string) => void {
  const startedAt = performance.now();
  // Such as `npm run demo search | head`: nobody reads on.
  process.stdout.once('error', () => process.exit());
  return (line) => console.log(`${((performance.now() - startedAt) / 1_000).toFixed(2).padStart(6)} s  ${line}`);
}
