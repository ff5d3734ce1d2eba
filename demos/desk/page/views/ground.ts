import { type Palette, placeOn, type Sheet } from './canvas.ts';
import { EAST, type Point, project, WEST } from './projection.ts';

const STEP = 30;

/** The sea, a net of meridians and parallels, and the land. */
export function drawGround(sheet: Sheet, palette: Palette, land: readonly (readonly Point[])[]): void {
  const { context } = sheet;
  context.fillStyle = palette.sea;
  trace([...meridian(WEST), ...meridian(EAST).toReversed()]);
  context.fill();
  context.save();
  context.clip();

  context.fillStyle = palette.land;
  for (const coast of land) {
    trace(coast);
    context.fill();
  }

  context.strokeStyle = palette.field;
  context.globalAlpha = 0.28;
  context.lineWidth = 1;
  for (let longitude = WEST + 10; longitude < EAST; longitude += STEP) line(meridian(longitude));
  for (let latitude = -60; latitude <= 60; latitude += STEP) {
    // The equator is to be found.
    context.globalAlpha = latitude === 0 ? 0.55 : 0.28;
    line(parallel(latitude));
  }
  context.restore();

  function trace(points: readonly Point[]): void {
    context.beginPath();
    for (const point of points) {
      const { x, y } = placeOn(sheet, point);
      context.lineTo(x, y);
    }
  }

  function line(points: readonly Point[]): void {
    trace(points);
    context.stroke();
  }
}

function meridian(longitude: number): Point[] {
  return Array.from({ length: 61 }, (_, at) => project(longitude, at * 3 - 90));
}

function parallel(latitude: number): Point[] {
  return [project(WEST, latitude), project(EAST, latitude)];
}
