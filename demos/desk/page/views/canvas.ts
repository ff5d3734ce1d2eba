import type { Point } from './projection.ts';

/** The colours of the page, as they are now. */
export type Palette = Readonly<Record<'card' | 'field' | 'grid' | 'ink' | 'land' | 'rule' | 'sea' | 'soft', string>> & {
  /** By class of magnitude. */
  readonly quakes: readonly [string, string, string, string];
};

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    card: colour('card'),
    field: colour('field'),
    grid: colour('grid'),
    ink: colour('ink'),
    land: colour('land'),
    rule: colour('rule'),
    sea: colour('sea'),
    soft: colour('soft'),
    quakes: [colour('quake-0'), colour('quake-1'), colour('quake-2'), colour('quake-3')],
  };
}

/** Something to draw on, in pixels of the page. */
export interface Sheet {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
}

/** Around the map, in pixels: a quake near a pole is not cut off. */
const MARGIN = 7;

/** Where a place of the map is on a sheet. */
export function placeOn({ width, height }: Pick<Sheet, 'height' | 'width'>, { x, y }: Point): Point {
  return { x: MARGIN + ((x + 1) / 2) * (width - 2 * MARGIN), y: MARGIN + ((y + 1) / 2) * (height - 2 * MARGIN) };
}

/** Makes a canvas as large as it is shown, and as sharp as the screen is, and empty. */
export function clean(canvas: HTMLCanvasElement): Sheet {
  const { width, height } = canvas.getBoundingClientRect();
  const scale = devicePixelRatio;
  const [columns, rows] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== rows) canvas.height = rows;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('Expected a canvas to draw on, got none.');
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}
