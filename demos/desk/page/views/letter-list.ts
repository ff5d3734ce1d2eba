import { byId, make, write } from '../dom.ts';
import type { Redriver } from '../redrive.ts';
import type { Letter, Week } from '../week.ts';
import { counted } from '../wording.ts';

export interface LetterListOptions {
  readonly week: Week;
  readonly redriver: Redriver;
  readonly announce: (text: string) => void;
}

const REFUSED =
  'Refused by the server: this request may not redrive. Sign in with the code that the server has printed, and ask again.';

/** Dead letters, each with a button. The buttons are there for everybody: who may redrive is the server's to say, and it is shown what it says. */
export class LetterList {
  readonly #options: LetterListOptions;
  readonly #element = byId('letters', HTMLUListElement);
  readonly #empty = byId('no-letters', HTMLParagraphElement);
  readonly #all = byId('redrive-all', HTMLButtonElement);
  readonly #rows = new Map<string, HTMLLIElement>();
  /** Letters that the server was asked about, and has not answered. */
  readonly #asking = new Set<string>();
  readonly #refused = new Set<string>();

  constructor(options: LetterListOptions) {
    this.#options = options;
    this.#all.addEventListener('click', () => void this.#redrive([...options.week.letters.keys()]));
    this.#openForm(byId('officer', HTMLFormElement), byId('code', HTMLInputElement));
  }

  draw(): void {
    const { letters } = this.#options.week;
    this.#empty.hidden = letters.size > 0;
    this.#all.disabled = letters.size === 0;
    write(byId('letters-count', HTMLElement), letters.size === 0 ? '' : `${letters.size} waiting`);
    for (const [id, row] of this.#rows) if (!letters.has(id)) this.#remove(id, row);
    for (const letter of letters.values()) this.#drawOne(letter);
  }

  #drawOne(letter: Letter): void {
    const { id, title, why } = letter;
    const row = this.#rows.get(id) ?? make('li');
    const [isAsking, isRefused] = [this.#asking.has(id), this.#refused.has(id)];
    const version = `${isAsking}/${isRefused}`;
    if (row.dataset['version'] === version) return;
    row.dataset['version'] = version;
    row.dataset['letter'] = id;
    const hadFocus = row.contains(document.activeElement);
    const head = make('div', '', 'row');
    const button = make('button', isAsking ? 'Asking …' : 'Redrive');
    button.type = 'button';
    button.setAttribute('aria-label', `Redrive ${title}`);
    // Not disabled: it would lose the focus.
    button.setAttribute('aria-disabled', String(isAsking));
    button.addEventListener('click', () => void this.#redrive([id]));
    head.append(make('strong', title), button);
    row.replaceChildren(head, make('p', why), ...(isRefused ? [make('p', REFUSED, 'refused')] : []));
    if (!this.#rows.has(id)) {
      this.#rows.set(id, row);
      this.#element.append(row);
    }
    if (hadFocus) button.focus();
  }

  /** Who has pressed its button goes on with the next one. */
  #remove(id: string, row: HTMLLIElement): void {
    const hadFocus = row.contains(document.activeElement);
    const next = row.nextElementSibling ?? row.previousElementSibling;
    this.#rows.delete(id);
    this.#asking.delete(id);
    this.#refused.delete(id);
    row.remove();
    if (!hadFocus) return;
    (next?.querySelector('button') ?? byId('letters-title', HTMLElement)).focus();
  }

  async #redrive(ids: readonly string[]): Promise<void> {
    const { redriver, announce } = this.#options;
    const letters = ids.filter((id) => !this.#asking.has(id));
    if (letters.length === 0) return;
    for (const id of letters) {
      this.#asking.add(id);
      this.#refused.delete(id);
    }
    this.draw();
    const answer = await redriver.redrive(letters);
    for (const id of letters) {
      this.#asking.delete(id);
      if (answer === 'refused' && this.#options.week.letters.has(id)) this.#refused.add(id);
    }
    this.draw();
    announce(answer === 'refused' ? REFUSED : `The server has redriven ${counted(letters.length, 'letter')}.`);
  }

  #openForm(form: HTMLFormElement, input: HTMLInputElement): void {
    const { redriver } = this.#options;
    const label = form.querySelector('label')!;
    const button = byId('sign-in', HTMLButtonElement);
    const show = (): void => {
      const isIn = redriver.code !== '';
      form.classList.toggle('in', isIn);
      label.textContent = isIn ? 'Redrives are sent with your code' : 'Duty officer’s code';
      button.textContent = isIn ? 'Sign out' : 'Sign in';
    };
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      redriver.code = redriver.code === '' ? input.value : '';
      input.value = '';
      // What was refused may be asked again.
      this.#refused.clear();
      show();
      this.draw();
      if (redriver.code === '') input.focus();
      else button.focus();
    });
    show();
  }
}
