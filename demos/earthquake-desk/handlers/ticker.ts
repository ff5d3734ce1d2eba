import { type Observable, timer } from 'rxjs';
import { type AlertMessage, headline, type QuakeMessage } from '../../shared/earthquakes/events.ts';

/** How long each headline can be read. */
const READ_MS = 500;

/** Shows headlines, one after the other. It returns an Observable: an event is handled when that completes. */
export class Ticker {
  #shown = '';

  get shown(): string {
    return this.#shown;
  }

  handle(event: QuakeMessage | AlertMessage): Observable<unknown> {
    this.#shown = headline(event);
    return timer(READ_MS);
  }
}
