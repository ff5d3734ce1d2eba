import type { EventMessage } from 'millrace';
import { regionOf } from '../shared/earthquakes/events.ts';
import { readAlert } from './alerts.ts';

/** Where nobody can be paged while the line is cut. */
export const CUT_OFF = 'Taiwan';

/** Pages people, region by region. */
export class Pager {
  isCut = true;

  page({ data }: EventMessage): void {
    if (this.isCut && regionOf(readAlert(data).place) === CUT_OFF) throw new Error(`The line to ${CUT_OFF} is cut.`);
  }
}
