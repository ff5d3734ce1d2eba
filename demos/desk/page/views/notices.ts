import { byId, make } from '../dom.ts';
import type { Gap, Week } from '../week.ts';
import { counted } from '../wording.ts';

const REASONS: Readonly<Record<string, string>> = {
  'not-kept': 'this browser could not read it, or not keep it',
  overflow: 'more came than could be kept',
  'too-old': 'this browser was away for longer than the server keeps events',
  'unknown-id': 'the server does not know the place where this browser had stopped',
};

export interface NoticesOptions {
  readonly week: Week;
  readonly onRead: () => void;
  readonly onForget: () => void;
}

/** Says that events are missing, until the user has seen it. */
export class Notices {
  readonly #options: NoticesOptions;
  readonly #element = byId('notices', HTMLDivElement);
  #shown: readonly Gap[] = [];

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  draw(): void {
    const { week, onRead, onForget } = this.#options;
    if (week.gaps === this.#shown) return;
    this.#shown = week.gaps;
    const last = week.gaps.at(-1);
    this.#element.replaceChildren();
    if (last === undefined) return;
    const lost = last.lost === undefined ? 'Events may be missing' : `${counted(last.lost, 'event')} may be missing`;
    const notice = make('div', '', 'notice');
    notice.dataset['gap'] = last.reason;
    const text = make('p', `${lost} here: ${REASONS[last.reason] ?? last.reason}.`);
    notice.append(text, button('Read all anew', onForget), button('Dismiss', onRead));
    this.#element.append(notice);
  }
}

function button(text: string, onClick: () => void): HTMLButtonElement {
  const element = make('button', text);
  element.type = 'button';
  element.addEventListener('click', onClick);
  return element;
}
