let last: Promise<void> = /* @__PURE__ */ Promise.resolve();

/**
 * Waits until nobody else is at work with the clock of this process.
 *
 * @returns how to leave it to the next one
 */
export async function takeTurn(): Promise<() => void> {
  const previous = last;
  let leave!: () => void;
  last = new Promise((resolve) => {
    leave = resolve;
  });
  await previous;
  return leave;
}
