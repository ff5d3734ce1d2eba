/** A place on a plane: both from −1 to 1, to the right and downwards. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** In the middle of the map is the Pacific, so that its ring of fire is one. */
const MIDDLE = 200;

/** The left edge of the map, as a longitude that grows to the right. */
export const WEST = MIDDLE - 180;
export const EAST = MIDDLE + 180;

// Equal Earth (Šavrič, Patterson, Jenny 2018): areas are true, and it is a few powers.
const [A1, A2, A3, A4] = [1.340264, -0.081106, 0.000893, 0.003796];
const M = Math.sqrt(3) / 2;
const [MOST_X, MOST_Y] = [2.70663, 1.31737];

/** @param longitude - in degrees, from `WEST` to `EAST` */
export function project(longitude: number, latitude: number): Point {
  const theta = Math.asin(M * Math.sin((latitude * Math.PI) / 180));
  const square = theta * theta;
  const sixth = square * square * square;
  const lambda = ((longitude - MIDDLE) * Math.PI) / 180;
  const x = (lambda * Math.cos(theta)) / (M * (A1 + 3 * A2 * square + sixth * (7 * A3 + 9 * A4 * square)));
  const y = theta * (A1 + A2 * square + sixth * (A3 + A4 * square));
  return { x: x / MOST_X, y: -y / MOST_Y };
}

/** The same for any longitude. */
export function projectPlace(longitude: number, latitude: number): Point {
  return project(longitude < WEST ? longitude + 360 : longitude, latitude);
}
