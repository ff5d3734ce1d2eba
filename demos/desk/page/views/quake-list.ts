import { byId, make } from '../dom.ts';
import type { Quake, Week } from '../week.ts';
import { classOf, dateOf, magnitudeText } from '../wording.ts';

/** Rows at a time. */
const MOST = 80;
const PAGE = 8;

export interface QuakeListOptions {
  readonly week: Week;
  readonly isShown: (quake: Quake) => boolean;
  readonly onPick: (quake: Quake | undefined) => void;
}

/** The latest quakes, the newest on top: a list box, in which the arrow keys walk. It holds still while somebody walks in it. */
export class QuakeList {
  readonly #options: QuakeListOptions;
  readonly #element = byId('latest', HTMLUListElement);
  #rows: readonly Quake[] = [];
  #chosen: string | undefined;

  constructor(options: QuakeListOptions) {
    this.#options = options;
    this.#element.addEventListener('keydown', (event) => this.#walk(event));
    this.#element.addEventListener('click', ({ target }) => {
      const row = target instanceof Element ? target.closest('li') : null;
      if (row !== null) options.onPick(options.week.quake(row.dataset['quake'] ?? ''));
    });
    this.#element.addEventListener('blur', () => this.draw());
  }

  draw(isForced = false): void {
    const isWalking = document.activeElement === this.#element && this.#chosen !== undefined;
    if (isWalking && !isForced) return;
    const { week, isShown } = this.#options;
    const rows: Quake[] = [];
    for (let at = week.quakes.length - 1; at >= 0 && rows.length < MOST; at--) {
      const quake = week.quakes[at]!;
      if (isShown(quake)) rows.push(quake);
    }
    if (rows.length === this.#rows.length && rows[0] === this.#rows[0] && !isForced) return;
    this.#rows = rows;
    this.#element.replaceChildren(...rows.map(rowOf));
    this.#mark(isForced);
  }

  choose(quake: Quake | undefined): void {
    this.#chosen = quake?.id;
    this.#mark(true);
  }

  #walk(event: KeyboardEvent): void {
    const at = this.#rows.findIndex(({ id }) => id === this.#chosen);
    const last = this.#rows.length - 1;
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? 0 : at - 1,
      PageDown: at + PAGE,
      PageUp: at - PAGE,
      Home: 0,
      End: last,
    };
    const step = steps[event.key];
    if (event.key === 'Escape') this.#options.onPick(undefined);
    else if (step !== undefined) this.#options.onPick(this.#rows[Math.max(0, Math.min(last, step))]);
    else return;
    event.preventDefault();
  }

  /** @param isShown - brings the chosen row into view, within the list: the page stays where it is */
  #mark(isShown: boolean): void {
    this.#element.removeAttribute('aria-activedescendant');
    for (const row of this.#element.children) {
      const isChosen = row instanceof HTMLElement && row.dataset['quake'] === this.#chosen;
      row.setAttribute('aria-selected', String(isChosen));
      if (!isChosen) continue;
      this.#element.setAttribute('aria-activedescendant', row.id);
      if (!isShown) continue;
      const { offsetTop, offsetHeight } = row;
      const top = offsetTop - this.#element.offsetTop;
      if (top < this.#element.scrollTop) this.#element.scrollTop = top;
      const bottom = top + offsetHeight - this.#element.clientHeight;
      if (bottom > this.#element.scrollTop) this.#element.scrollTop = bottom;
    }
  }
}

function rowOf({ id, magnitude, place, time }: Quake, at: number): HTMLLIElement {
  const row = make('li');
  row.id = `quake-${at}`;
  row.role = 'option';
  row.dataset['quake'] = id;
  row.dataset['class'] = String(classOf(magnitude));
  const when = make('time', dateOf(time).slice(4));
  when.dateTime = new Date(time).toISOString();
  row.append(make('span', magnitudeText(magnitude), 'magnitude'), make('span', place, 'place'), when);
  return row;
}
