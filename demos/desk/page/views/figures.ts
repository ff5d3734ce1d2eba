import { byId, write } from '../dom.ts';
import type { Facts } from '../facts.ts';
import type { Link } from '../link.ts';
import type { LocalLog } from '../local-log.ts';
import type { Week } from '../week.ts';
import { counted, dateOf, grouped, magnitudeText } from '../wording.ts';

const STATES: Readonly<Record<Link['state'], string>> = {
  connecting: 'Connecting',
  open: 'Live',
  waiting: 'Lost, trying again',
  refused: 'Refused',
  closed: 'Closed',
};

/** The numbers on top, and the words around them. */
export class Figures {
  readonly #week: Week;
  readonly #facts: Facts;

  constructor(week: Week, facts: Facts) {
    this.#week = week;
    this.#facts = facts;
    write(byId('quakes-of', HTMLElement), `of ${grouped(facts.quakes)}`);
    const text = `A real week of earthquakes, ${grouped(facts.speed)} times as fast, live from a Node process.`;
    write(byId('subtitle', HTMLElement), text);
  }

  draw(): void {
    const { quakes, strongest, swarms, sent, retries, letters, clock } = this.#week;
    write(numberOf('quakes'), grouped(quakes.length));
    byId('progress', HTMLProgressElement).value = quakes.length / this.#facts.quakes;
    write(numberOf('strongest'), strongest === undefined ? '–' : `M ${magnitudeText(strongest.magnitude)}`);
    write(byId('strongest-place', HTMLElement), strongest?.place ?? '');
    write(numberOf('swarms'), grouped(swarms.length));
    write(numberOf('sent'), grouped(sent));
    write(
      byId('retries', HTMLElement),
      retries === 0 ? '' : `${grouped(retries)} ${retries === 1 ? 'retry' : 'retries'}`,
    );
    write(numberOf('dead'), grouped(letters.size));
    byId('dead-figure', HTMLElement).classList.toggle('hurts', letters.size > 0);
    write(byId('clock', HTMLElement), clock === 0 ? '–' : `${dateOf(clock)} UTC`);
  }

  drawLink({ state, isHere }: Link, { isKept, repeated: { value: repeated } }: LocalLog): void {
    const pill = byId('link', HTMLElement);
    pill.dataset['state'] = state;
    write(pill, state === 'open' && !isHere ? 'Live, by another tab' : STATES[state]);
    const events = counted(this.#week.events, 'event');
    const again = `${grouped(repeated)} came again and ${repeated === 1 ? 'was' : 'were'} known`;
    const twice = this.#week.twice === 0 ? 'each once' : `${grouped(this.#week.twice)} twice`;
    const where = isKept ? 'Kept in this browser' : 'This browser keeps nothing; until the next reload it has';
    const holder = isHere ? 'This tab holds the connection.' : 'Another tab holds the connection.';
    write(byId('kept', HTMLElement), `${where}: ${events}, ${twice}; ${again}. ${holder}`);
  }
}

function numberOf(id: string): HTMLElement {
  return byId(id, HTMLElement);
}
