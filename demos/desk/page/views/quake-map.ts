import type { Quake, Week } from '../week.ts';
import { classOf, counted, magnitudeText } from '../wording.ts';
import { byId } from '../dom.ts';
import { clean, type Palette, placeOn, type Sheet } from './canvas.ts';
import type { Dot } from './dot.ts';
import { drawGround } from './ground.ts';
import { loadLand } from './land.ts';
import { type Point, projectPlace } from './projection.ts';
import { Rings } from './rings.ts';

/** So near a click has to be, in pixels. */
const REACH = 16;

export interface QuakeMapOptions {
  readonly week: Week;
  readonly isShown: (quake: Quake) => boolean;
  readonly onPick: (quake: Quake | undefined) => void;
}

/** The map: ground, quakes, and rings around what is new or chosen, each on a sheet of its own, so that a quake that comes costs a dot. */
export class QuakeMap {
  readonly #options: QuakeMapOptions;
  readonly #ground = byId('ground', HTMLCanvasElement);
  readonly #dots = byId('dots', HTMLCanvasElement);
  readonly #rings = new Rings(byId('rings', HTMLCanvasElement));
  #land: readonly (readonly Point[])[] = [];
  #sheet: Sheet | undefined;
  #palette: Palette | undefined;
  /** Quakes that are drawn already. */
  #drawn = 0;

  constructor(options: QuakeMapOptions) {
    this.#options = options;
    const surface = byId('rings', HTMLCanvasElement);
    surface.addEventListener('click', ({ offsetX, offsetY }) => options.onPick(this.#at(offsetX, offsetY)));
    void loadLand().then((land) => {
      this.#land = land;
      if (this.#palette !== undefined) this.redraw(this.#palette);
    });
  }

  /** Draws everything: the size, the colours or the choice have changed. */
  redraw(palette: Palette): void {
    this.#palette = palette;
    drawGround(clean(this.#ground), palette, this.#land);
    this.#sheet = clean(this.#dots);
    this.#drawn = 0;
    this.#rings.resize(palette);
    this.draw(false);
  }

  /**
   * Draws what has come.
   *
   * @param isLive - whether it has come just now, and is not only read from what is kept
   */
  draw(isLive: boolean): void {
    const [sheet, palette] = [this.#sheet, this.#palette];
    if (sheet === undefined || palette === undefined) return;
    const { week, isShown } = this.#options;
    for (; this.#drawn < week.quakes.length; this.#drawn++) {
      const quake = week.quakes[this.#drawn]!;
      if (!isShown(quake)) continue;
      const dot = this.#dotOf(quake);
      drawDot(sheet.context, dot, palette);
      if (isLive && dot.level > 0) this.#rings.pulse(dot);
    }
  }

  choose(quake: Quake | undefined): void {
    this.#rings.choose(quake === undefined ? undefined : this.#dotOf(quake));
  }

  /** What the map shows, in words. */
  describe(): void {
    const { quakes, strongest } = this.#options.week;
    const most =
      strongest === undefined ? '' : `, the strongest M ${magnitudeText(strongest.magnitude)}, ${strongest.place}`;
    this.#dots.setAttribute('aria-label', `A map of ${counted(quakes.length, 'quake')} around the Pacific${most}`);
  }

  #dotOf({ longitude, latitude, magnitude = 0 }: Quake): Dot {
    const sheet = this.#sheet ?? { width: 0, height: 0 };
    const scale = Math.max(0.62, Math.min(sheet.width / 900, 1.2));
    return {
      ...placeOn(sheet, projectPlace(longitude, latitude)),
      radius: scale * (1.1 + 0.42 * 1.68 ** Math.max(magnitude, 0)),
      level: classOf(magnitude),
    };
  }

  #at(x: number, y: number): Quake | undefined {
    const { week, isShown } = this.#options;
    let [nearest, least]: [Quake | undefined, number] = [undefined, REACH];
    for (const quake of week.quakes) {
      if (!isShown(quake)) continue;
      const dot = this.#dotOf(quake);
      const distance = Math.hypot(dot.x - x, dot.y - y);
      // Where several are as near, the one on top.
      if (distance <= least) [nearest, least] = [quake, distance];
    }
    return nearest;
  }
}

function drawDot(context: CanvasRenderingContext2D, { x, y, radius, level }: Dot, { quakes, card }: Palette): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.globalAlpha = level === 0 ? 0.6 : 0.78;
  context.fillStyle = quakes[level];
  context.fill();
  if (level > 1) {
    context.globalAlpha = 0.9;
    context.strokeStyle = card;
    context.lineWidth = 1;
    context.stroke();
  }
  context.globalAlpha = 1;
}
