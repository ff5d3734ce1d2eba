import { byId, make } from '../dom.ts';
import type { Alert, Step, Week } from '../week.ts';
import { dateOf, durationOf } from '../wording.ts';

const STATES: Readonly<Record<Alert['state'], string>> = {
  sending: 'sending',
  retrying: 'trying again',
  sent: '✓ sent',
  dead: '✕ dead',
  redriven: 'redriven',
};

/** Rows at a time. */
const MOST = 150;

/** Alerts, the newest on top, each with the attempts that were made of it. */
export class AlertList {
  readonly #week: Week;
  readonly #element = byId('alerts', HTMLOListElement);
  readonly #empty = byId('no-alerts', HTMLParagraphElement);
  readonly #rows = new Map<string, { readonly row: HTMLLIElement; readonly alert: Alert }>();

  constructor(week: Week) {
    this.#week = week;
  }

  draw(isLive: boolean): void {
    this.#empty.hidden = this.#week.alerts.size > 0;
    this.#element.hidden = this.#week.alerts.size === 0;
    for (const alert of this.#week.alerts.values()) this.#drawOne(alert, isLive);
    while (this.#element.children.length > MOST) this.#element.lastElementChild?.remove();
  }

  #drawOne(alert: Alert, isLive: boolean): void {
    const known = this.#rows.get(alert.id);
    if (known?.alert === alert) return;
    const row = known?.row ?? make('li', '', isLive ? 'fresh' : '');
    this.#rows.set(alert.id, { row, alert });
    row.dataset['state'] = alert.state;
    const head = make('div', '', 'row');
    const state = make('span', STATES[alert.state], 'state');
    state.dataset['state'] = alert.state;
    head.append(make('strong', alert.title), state);
    row.replaceChildren(head, make('small', `${dateOf(alert.time)} UTC`), ...stepsOf(alert));
    if (known === undefined) this.#element.prepend(row);
  }
}

/** Of an alert that was taken at once, there is nothing to tell. */
function stepsOf({ steps }: Alert): readonly HTMLElement[] {
  if (steps.every(({ kind }) => kind === 'sent')) return [];
  const list = make('ol', '', 'attempts');
  list.append(...steps.map(stepOf));
  return [list];
}

function stepOf(step: Step): HTMLLIElement {
  const item = make('li', textOf(step));
  item.dataset['outcome'] = step.kind;
  return item;
}

function textOf(step: Step): string {
  switch (step.kind) {
    case 'failed':
      return `✕ ${step.why}`;
    case 'pause':
      return `${durationOf(step.ms)} →`;
    case 'sent':
      return '✓ taken';
    case 'dead':
      return 'dead letter';
    default:
      return 'redriven →';
  }
}
