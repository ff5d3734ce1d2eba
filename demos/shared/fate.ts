/**
 * Draws what becomes of a request: one of the troubles, as often as their shares say, or `'taken'`.
 *
 * @param chance - 0 ≤ chance \< 1
 */
export function drawFate<Trouble extends string>(
  troubles: Readonly<Record<Trouble, number>>,
  chance: number,
): Trouble | 'taken' {
  let threshold = 0;
  for (const [trouble, share] of Object.entries(troubles) as [Trouble, number][]) {
    threshold += share;
    if (chance < threshold) return trouble;
  }
  return 'taken';
}
