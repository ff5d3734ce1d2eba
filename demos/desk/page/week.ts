import type { RecordedEvent, RecordedOf } from 'millrace';
import { headline, placeOf, type Quake as Report } from '../../shared/earthquakes/events.ts';
import type { kept } from './page-events.ts';

/** A quake, as it is shown. */
export interface Quake {
  readonly id: string;
  readonly magnitude: number | undefined;
  readonly place: string;
  readonly time: number;
  readonly longitude: number;
  readonly latitude: number;
  readonly depthKm: number | undefined;
  readonly kind: string;
}

export interface Swarm {
  readonly id: string;
  readonly quakes: number;
  readonly strongest: number;
  readonly place: string;
  readonly since: number;
  readonly until: number;
}

/** What became of an alert so far. */
export interface Alert {
  readonly id: string;
  readonly title: string;
  readonly time: number;
  readonly state: 'dead' | 'redriven' | 'retrying' | 'sending' | 'sent';
  /** Attempts that failed, and the end; `pause` says for how long, in milliseconds. */
  readonly steps: readonly Step[];
}

export type Step =
  | { readonly kind: 'dead' | 'redriven' | 'sent' }
  | { readonly kind: 'failed'; readonly why: string }
  | { readonly kind: 'pause'; readonly ms: number };

/** An alert that could not be sent. */
export interface Letter {
  readonly id: string;
  readonly title: string;
  readonly why: string;
}

export interface Gap {
  readonly reason: string;
  readonly lost?: number | undefined;
}

/** What the page knows of the week: what comes out of the log of this browser, event by event. */
export class Week {
  readonly quakes: Quake[] = [];
  readonly swarms: Swarm[] = [];
  /** By id, in the order in which they were found. */
  readonly alerts = new Map<string, Alert>();
  readonly letters = new Map<string, Letter>();
  strongest: Quake | undefined;
  gaps: readonly Gap[] = [];
  /** Events of all kinds. */
  events = 0;
  /** Quakes that came out of the log twice: there must be none. */
  twice = 0;
  sent = 0;
  retries = 0;
  /** The time of the latest quake. */
  clock = 0;
  readonly #quakesById = new Map<string, Quake>();

  quake(id: string): Quake | undefined {
    return this.#quakesById.get(id);
  }

  /** An event has come that cannot be shown. */
  miss(): void {
    this.gaps = [...this.gaps, { reason: 'not-kept', lost: 1 }];
  }

  /** @returns what has changed */
  take(event: RecordedEvent): 'alerts' | 'gaps' | 'quakes' | 'swarms' {
    this.events++;
    // Checked when it came; since then, only this page's store has had it.
    const known = event as RecordedOf<(typeof kept)[number]>;
    switch (known.type) {
      case 'quake.reported':
        this.#addQuake(known.id, known.data);
        return 'quakes';
      case 'swarm.found':
        this.swarms.push({ id: known.id, ...known.data });
        this.#begin(known.id, headline(known), known.data.until);
        return 'swarms';
      case 'quake.strong':
        this.#begin(known.id, headline(known), known.data.time);
        return 'alerts';
      case 'gap.noticed':
        this.gaps = [...this.gaps, known.data];
        return 'gaps';
      case 'gaps.read':
        this.gaps = [];
        return 'gaps';
      default:
        this.#follow(known);
        return 'alerts';
    }
  }

  #addQuake(id: string, report: Report): void {
    if (this.#quakesById.has(id)) {
      this.twice++;
      return;
    }
    const [longitude, latitude, depth] = report.geometry.coordinates;
    const { mag, time, type: kind } = report.properties;
    const magnitude = mag ?? undefined;
    const quake: Quake = {
      id,
      magnitude,
      place: placeOf(report),
      time,
      longitude,
      latitude,
      depthKm: depth ?? undefined,
      kind,
    };
    this.#quakesById.set(id, quake);
    this.quakes.push(quake);
    this.clock = Math.max(this.clock, time);
    if ((magnitude ?? -Infinity) > (this.strongest?.magnitude ?? -Infinity)) this.strongest = quake;
  }

  #begin(id: string, title: string, time: number): void {
    // `swarm of 5 …`, as a title.
    const text = title.slice(0, 1).toUpperCase() + title.slice(1);
    this.alerts.set(id, { id, title: text, time, state: 'sending', steps: [] });
  }

  #follow(event: RecordedOf<Exclude<(typeof kept)[number], { readonly type: 'gap.noticed' | 'gaps.read' }>>): void {
    switch (event.type) {
      case 'alert.retried': {
        const { alert, error, delayMs } = event.data;
        this.retries++;
        this.#step(alert, 'retrying', { kind: 'failed', why: error }, { kind: 'pause', ms: delayMs });
        break;
      }
      case 'alert.sent':
        this.sent++;
        this.#step(event.data.alert, 'sent', { kind: 'sent' });
        break;
      case 'alert.died': {
        const { alert, letter, attempts, error, reason } = event.data;
        this.#step(alert, 'dead', { kind: 'failed', why: error }, { kind: 'dead' });
        const title = this.alerts.get(alert)?.title ?? alert;
        this.letters.set(letter, { id: letter, title, why: `${reason} after ${attempts} attempts: ${error}` });
        break;
      }
      case 'alert.redriven':
        this.letters.delete(event.data.letter);
        this.#step(event.data.alert, 'redriven', { kind: 'redriven' });
        break;
      default:
    }
  }

  #step(id: string, state: Alert['state'], ...steps: readonly Step[]): void {
    const alert = this.alerts.get(id);
    if (alert !== undefined) this.alerts.set(id, { ...alert, state, steps: [...alert.steps, ...steps] });
  }
}
