import { byId, make, write } from '../dom.ts';
import type { Week } from '../week.ts';
import { classOf, counted, magnitudeText } from '../wording.ts';

const LEAST = -1;
/** Half a magnitude each: so a bar has one colour. */
const WIDTH = 0.5;
const BINS = 15;
/** On a logarithmic scale: ten times as many quakes are a step higher. */
const TOP = Math.log10(2_000);

/** How many quakes there are of each magnitude. By Gutenberg and Richter it is a line that falls. */
export class Magnitudes {
  readonly #week: Week;
  readonly #counts = Array.from({ length: BINS }, () => 0);
  readonly #bars: readonly { readonly count: HTMLElement; readonly block: HTMLElement }[];
  readonly #element = byId('bars', HTMLDivElement);
  #counted = 0;

  constructor(week: Week) {
    this.#week = week;
    this.#bars = this.#counts.map((_, bin) => {
      const bar = make('div', '', 'bar');
      bar.dataset['class'] = String(classOf(LEAST + bin * WIDTH));
      const [count, block] = [make('b'), make('i')];
      bar.append(count, block, make('span', bin % 2 === 0 ? magnitudeText(LEAST + bin * WIDTH).replace('.0', '') : ''));
      this.#element.append(bar);
      return { count, block };
    });
  }

  draw(): void {
    const { quakes } = this.#week;
    for (; this.#counted < quakes.length; this.#counted++) {
      const { magnitude } = quakes[this.#counted]!;
      if (magnitude === undefined) continue;
      const bin = Math.max(0, Math.min(BINS - 1, Math.floor((magnitude - LEAST) / WIDTH)));
      this.#counts[bin]!++;
    }
    this.#counts.forEach((count, bin) => {
      const { count: label, block } = this.#bars[bin]!;
      write(label, count === 0 ? '' : String(count));
      const share = count === 0 ? 0 : Math.min(1, (Math.log10(count) + 0.25) / (TOP + 0.25));
      block.style.height = `${(100 * share).toFixed(1)}%`;
    });
    const words = this.#counts.map(
      (count, bin) => `${counted(count, 'quake')} from ${magnitudeText(LEAST + bin * WIDTH)}`,
    );
    this.#element.setAttribute('aria-label', `By magnitude: ${words.join(', ')}`);
  }
}
