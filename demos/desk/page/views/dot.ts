/** A quake on the map, in pixels. */
export interface Dot {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly level: 0 | 1 | 2 | 3;
}
