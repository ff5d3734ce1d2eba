import type { RecordedEvent } from 'millrace';
import { byId } from './dom.ts';
import type { Facts } from './facts.ts';
import type { Link } from './link.ts';
import type { LocalLog } from './local-log.ts';
import type { Redriver } from './redrive.ts';
import { AlertList } from './views/alert-list.ts';
import { Announcer } from './views/announcer.ts';
import { readPalette } from './views/canvas.ts';
import { Figures } from './views/figures.ts';
import { LetterList } from './views/letter-list.ts';
import { Magnitudes } from './views/magnitudes.ts';
import { Notices } from './views/notices.ts';
import { QuakeList } from './views/quake-list.ts';
import { QuakeMap } from './views/quake-map.ts';
import { WeekStrip } from './views/week-strip.ts';
import type { Quake, Week } from './week.ts';

/** Lists are for reading: more often than this, nobody can. */
const LISTS_EVERY_MS = 250;

export interface ScreenOptions {
  readonly week: Week;
  readonly facts: Facts;
  readonly redriver: Redriver;
  readonly log: LocalLog;
  readonly link: () => Link;
  readonly onPick: (quake: Quake | undefined) => void;
  readonly onGapsRead: () => void;
  readonly onForget: () => void;
}

/** Draws what has changed: once a frame at most, however much comes. */
export class Screen {
  readonly #options: ScreenOptions;
  readonly #figures: Figures;
  readonly #map: QuakeMap;
  readonly #strip: WeekStrip;
  readonly #magnitudes: Magnitudes;
  readonly #quakes: QuakeList;
  readonly #alerts: AlertList;
  readonly #letters: LetterList;
  readonly #notices: Notices;
  readonly #announcer = new Announcer();
  #chosen: Quake | undefined;
  #least = -Infinity;
  /** Whether what comes now has just happened. */
  #isLive = false;
  #isDrawing = false;
  #listsAt = 0;

  constructor(options: ScreenOptions) {
    this.#options = options;
    const { week, facts, redriver, onPick, onGapsRead, onForget } = options;
    const isShown = ({ magnitude }: Quake): boolean => (magnitude ?? -1) >= this.#least;
    const announce = (text: string): void => this.#announcer.say(text);
    this.#figures = new Figures(week, facts);
    this.#map = new QuakeMap({ week, isShown, onPick });
    this.#strip = new WeekStrip(week, facts);
    this.#magnitudes = new Magnitudes(week);
    this.#quakes = new QuakeList({ week, isShown, onPick });
    this.#alerts = new AlertList(week);
    this.#letters = new LetterList({ week, redriver, announce });
    this.#notices = new Notices({ week, onRead: onGapsRead, onForget });
    this.#listen(onForget);
    this.#redraw();
  }

  changed(what: ReturnType<Week['take']>, { type }: RecordedEvent): void {
    this.#draw();
    if (!this.#isLive || what === 'quakes') return;
    if (type === 'alert.died') this.#announcer.say('An alert could not be sent: there is a new dead letter.');
    if (type !== 'quake.strong' && type !== 'swarm.found') return;
    const last = [...this.#options.week.alerts.values()].at(-1);
    this.#announcer.say(`Alert: ${last?.title}`);
  }

  /** What was kept is read: what comes from now on is new. */
  caughtUp(): void {
    this.#draw();
    // What was read is drawn first.
    requestAnimationFrame(() => (this.#isLive = true));
  }

  linkChanged(): void {
    this.#draw();
  }

  choose(quake: Quake | undefined): void {
    this.#chosen = quake;
    this.#map.choose(quake);
    this.#quakes.choose(quake);
  }

  #listen(onForget: () => void): void {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#redraw());
    new ResizeObserver(() => this.#redraw()).observe(byId('map', HTMLElement));
    byId('forget', HTMLButtonElement).addEventListener('click', onForget);
    const choice = byId('least', HTMLFieldSetElement);
    // Also what was chosen before this script was there: some browsers keep it across a reload.
    this.#readChoice(choice);
    choice.addEventListener('change', () => {
      this.#readChoice(choice);
      this.#quakes.draw(true);
      this.#redraw();
    });
  }

  #readChoice(choice: HTMLFieldSetElement): void {
    this.#least = Number(choice.querySelector<HTMLInputElement>(':checked')?.value);
  }

  /** The size, the colours, or what is wanted have changed. */
  #redraw(): void {
    const palette = readPalette();
    this.#map.redraw(palette);
    this.#strip.redraw(palette);
    this.#map.choose(this.#chosen);
    this.#draw();
  }

  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame((now) => {
      this.#isDrawing = false;
      this.#map.draw(this.#isLive);
      this.#strip.draw();
      this.#figures.draw();
      this.#figures.drawLink(this.#options.link(), this.#options.log);
      this.#notices.draw();
      this.#drawLists(now);
    });
  }

  #drawLists(now: number): void {
    if (now - this.#listsAt < LISTS_EVERY_MS) {
      // The last change is drawn, too.
      setTimeout(() => this.#draw(), LISTS_EVERY_MS);
      return;
    }
    this.#listsAt = now;
    this.#magnitudes.draw();
    this.#quakes.draw();
    this.#alerts.draw(this.#isLive);
    this.#letters.draw();
    this.#map.describe();
    this.#strip.describe();
  }
}
