import { clean, type Palette } from './canvas.ts';
import type { Dot } from './dot.ts';

const PULSE_MS = 1_300;
/** At a time: a flood is no reason for more. */
const MOST_PULSES = 40;

/** Waves that go out from new quakes, and a ring around the chosen one. Who wants less motion sees no waves. */
export class Rings {
  readonly #canvas: HTMLCanvasElement;
  readonly #calm = matchMedia('(prefers-reduced-motion: reduce)');
  #palette: Palette | undefined;
  #pulses: readonly (readonly [Dot, number])[] = [];
  #chosen: Dot | undefined;
  #isRunning = false;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  resize(palette: Palette): void {
    this.#palette = palette;
    this.#pulses = [];
    this.#draw(performance.now());
  }

  pulse(dot: Dot): void {
    if (this.#calm.matches || document.hidden) return;
    this.#pulses = [...this.#pulses.slice(1 - MOST_PULSES), [dot, performance.now()]];
    this.#run();
  }

  choose(dot: Dot | undefined): void {
    this.#chosen = dot;
    this.#run();
  }

  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    requestAnimationFrame((now) => {
      this.#isRunning = false;
      this.#pulses = this.#pulses.filter(([, startedAt]) => now - startedAt < PULSE_MS);
      this.#draw(now);
      if (this.#pulses.length > 0) this.#run();
    });
  }

  #draw(now: number): void {
    const palette = this.#palette;
    if (palette === undefined) return;
    const { context } = clean(this.#canvas);
    for (const [{ x, y, radius, level }, startedAt] of this.#pulses) {
      const share = Math.max(0, Math.min(1, (now - startedAt) / PULSE_MS));
      context.globalAlpha = 1 - share;
      circle(context, x, y, radius + share * (10 + 14 * level), palette.quakes[level], 1.5);
    }
    context.globalAlpha = 1;
    if (this.#chosen === undefined) return;
    const { x, y, radius } = this.#chosen;
    circle(context, x, y, radius + 5, palette.card, 5);
    circle(context, x, y, radius + 5, palette.ink, 2);
  }
}

function circle(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  colour: string,
  lineWidth: number,
): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.strokeStyle = colour;
  context.lineWidth = lineWidth;
  context.stroke();
}
