import { byId, make } from '../dom.ts';
import type { Facts } from '../facts.ts';
import type { Swarm, Week } from '../week.ts';
import { classOf, counted, dateOf, dayOf } from '../wording.ts';
import { clean, type Palette, type Sheet } from './canvas.ts';

const DAY_MS = 86_400_000;
/** Below the lines are the days. */
const DAYS_HEIGHT = 20;
const MOST_SWARMS = 12;

/** The week from left to right: a line for each quake, and a row for each swarm. */
export class WeekStrip {
  readonly #week: Week;
  readonly #facts: Facts;
  readonly #canvas = byId('strip', HTMLCanvasElement);
  readonly #list = byId('swarm-list', HTMLOListElement);
  #sheet: Sheet | undefined;
  #palette: Palette | undefined;
  #drawn = 0;
  #swarms = 0;

  constructor(week: Week, facts: Facts) {
    this.#week = week;
    this.#facts = facts;
  }

  redraw(palette: Palette): void {
    this.#palette = palette;
    this.#sheet = clean(this.#canvas);
    this.#drawn = 0;
    this.#drawDays(this.#sheet, palette);
    this.draw();
  }

  draw(): void {
    const [sheet, palette] = [this.#sheet, this.#palette];
    if (sheet === undefined || palette === undefined) return;
    const { quakes } = this.#week;
    const middle = (sheet.height - DAYS_HEIGHT) / 2;
    for (; this.#drawn < quakes.length; this.#drawn++) {
      const { time, magnitude = -1 } = quakes[this.#drawn]!;
      const level = classOf(magnitude);
      const half = Math.max(0.5, middle * Math.min(1, ((magnitude + 1) / 7.4) ** 1.7));
      sheet.context.globalAlpha = level === 0 ? 0.75 : 1;
      sheet.context.fillStyle = palette.quakes[level];
      sheet.context.fillRect(this.#share(time) * sheet.width - 0.6, middle - half, level > 1 ? 2 : 1.2, 2 * half);
    }
    sheet.context.globalAlpha = 1;
  }

  /** In words, and the swarms. */
  describe(): void {
    const { quakes, swarms } = this.#week;
    const strong = quakes.filter(({ magnitude }) => classOf(magnitude) > 1).length;
    const label = `${counted(quakes.length, 'quake')} by time and magnitude; ${strong} of magnitude 4.5 and more`;
    this.#canvas.setAttribute('aria-label', label);
    if (swarms.length === this.#swarms) return;
    this.#swarms = swarms.length;
    this.#list.replaceChildren(...swarms.slice(-MOST_SWARMS).map((swarm) => this.#rowOf(swarm)));
  }

  #rowOf({ quakes, strongest, place, since, until }: Swarm): HTMLLIElement {
    const row = make('li');
    const span = make('span', '', 'span');
    const label = make('span', `${quakes} quakes to M ${strongest.toFixed(1)}, ${place}`, 'label');
    label.title = `${dateOf(since)} – ${dateOf(until)} UTC`;
    const [from, to] = [this.#share(since), this.#share(until)].map((share) => Math.max(0, Math.min(1, share))) as [
      number,
      number,
    ];
    span.style.left = `${100 * from}%`;
    span.style.width = `${100 * (to - from)}%`;
    // On the side that has more room.
    if (from < 0.45) {
      label.style.left = `${100 * to}%`;
      label.style.maxWidth = `${100 * (1 - to)}%`;
    } else {
      label.style.right = `${100 * (1 - from)}%`;
      label.style.maxWidth = `${100 * from}%`;
    }
    row.append(span, label);
    return row;
  }

  #share(time: number): number {
    const { from, until } = this.#facts;
    return (time - from) / (until - from);
  }

  #drawDays({ context, width, height }: Sheet, palette: Palette): void {
    const { from, until } = this.#facts;
    context.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    context.textBaseline = 'alphabetic';
    for (let day = Math.ceil(from / DAY_MS) * DAY_MS; day < until; day += DAY_MS) {
      const x = Math.round(this.#share(day) * width) + 0.5;
      context.fillStyle = palette.rule;
      context.fillRect(x, 0, 1, height);
      context.fillStyle = palette.soft;
      const text = width < 480 ? dayOf(day).slice(0, 3) : dayOf(day);
      if (x + context.measureText(text).width + 5 < width) context.fillText(text, x + 5, height - 4);
    }
    context.fillStyle = palette.rule;
    context.fillRect(0, (height - DAYS_HEIGHT) / 2 - 0.5, width, 1);
  }
}
