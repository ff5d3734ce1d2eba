const NUMBER = new Intl.NumberFormat('en');
const DAY = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: '2-digit', month: 'short', timeZone: 'UTC' });
const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });

/** `12,345` */
export function grouped(count: number): string {
  return NUMBER.format(count);
}

/** `5 letters`, but `1 letter`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `Tue 06 Feb 15:50` */
export function dateOf(time: number): string {
  return `${dayOf(time)} ${TIME.format(time)}`;
}

/** `Tue 06 Feb` */
export function dayOf(time: number): string {
  return DAY.format(time).replace(',', '');
}

/** `400 ms`, `1.6 s` */
export function durationOf(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${Number((ms / 1_000).toFixed(1))} s`;
}

export function magnitudeText(magnitude: number | undefined): string {
  return magnitude === undefined ? '?' : magnitude.toFixed(1).replace('-', '−');
}

/** The four kinds of quakes, from those that nobody feels to the great ones. */
export function classOf(magnitude: number | undefined): 0 | 1 | 2 | 3 {
  if (magnitude === undefined || magnitude < 2.5) return 0;
  if (magnitude < 4.5) return 1;
  return magnitude < 6 ? 2 : 3;
}
