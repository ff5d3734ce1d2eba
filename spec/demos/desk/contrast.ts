import type { Page } from 'playwright-core';

/** Two colours that are seen on each other. */
export interface Contrast {
  readonly pair: string;
  readonly ratio: number;
  /** By WCAG 2.2, AA: 4.5 for text, 3 for what shows where one is, or what can be used. */
  readonly least: number;
}

const TEXT = [
  ['ink', 'paper'],
  ['ink', 'card'],
  ['ink', 'sea'],
  ['soft', 'paper'],
  ['soft', 'card'],
  ['soft', 'sea'],
  ['card', 'ink'],
  ['good', 'card'],
  ['warn', 'card'],
  ['bad', 'card'],
  ['bad', 'paper'],
  ['accent-ink', 'accent'],
  ['ink', 'bad-wash'],
  ['ink', 'warn-wash'],
] as const;

const PARTS = [
  ['focus', 'paper'],
  ['focus', 'card'],
  ['field', 'card'],
  ['good', 'paper'],
  ['warn', 'paper'],
  ['quake-0', 'card'],
  ['quake-1', 'card'],
  ['quake-2', 'card'],
  ['quake-3', 'card'],
] as const;

/** The contrasts of the colours of a page, as it is now. */
export async function contrasts(page: Page): Promise<readonly Contrast[]> {
  const names = [...new Set([...TEXT, ...PARTS].flat())];
  const colours = await page.evaluate((wanted) => {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(wanted.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }, names);
  const of = (pairs: readonly (readonly [string, string])[], least: number): readonly Contrast[] =>
    pairs.map(([one, other]) => ({
      pair: `${one} on ${other}`,
      ratio: ratioOf(colours[one] ?? '', colours[other] ?? ''),
      least,
    }));
  return [...of(TEXT, 4.5), ...of(PARTS, 3)];
}

function ratioOf(one: string, other: string): number {
  const [light, dark] = [luminanceOf(one), luminanceOf(other)].toSorted((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** @param colour - such as `#1c2430` */
function luminanceOf(colour: string): number {
  const [, red = '', green = '', blue = ''] = /^#(..)(..)(..)$/.exec(colour) ?? [];
  const [r, g, b] = [red, green, blue].map((hex) => {
    const share = Number.parseInt(hex, 16) / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
