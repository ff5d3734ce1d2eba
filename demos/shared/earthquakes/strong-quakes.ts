import { type DeskContext, magnitudeOf, placeOf, type QuakeMessage, regionOf, StrongQuakeSeen } from './events.ts';

const STRONG = 4.5;

/**
 * Makes a handler that announces each strong quake once, even if it is revised later. What a handler emits through its context carries on
 * which event it follows from.
 */
export function createStrongQuakeWatch() {
  const announced = new Set<string>();
  return function announceStrongQuake({ data }: QuakeMessage, { emit }: DeskContext): void {
    const magnitude = magnitudeOf(data);
    if (magnitude < STRONG || announced.has(data.id)) return;
    const place = placeOf(data);
    // An id of its own lets the receiver recognise an alert that is sent twice.
    emit(
      StrongQuakeSeen,
      { magnitude, place, region: regionOf(place), time: data.properties.time },
      { id: `strong-${data.id}` },
    );
    announced.add(data.id);
  };
}
