import { crc32 as crcOfZlib, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const MOST_COLOURS = 256;

/** Makes a PNG of 8-bit colours small: with a palette of its most frequent ones, and each other one as the nearest of them. (PNG 1.2, w3.org/TR/png) */
export function smallPng(png: Buffer): Buffer {
  const { width, height, channels, rows } = readPng(png);
  const pixels = new Uint32Array(width * height);
  for (let at = 0; at < pixels.length; at++) pixels[at] = rows.readUIntBE(at * channels, 3);
  const palette = paletteOf(pixels);
  const nearest = new Map<number, number>(palette.map((colour, index) => [colour, index]));
  const lines = Buffer.alloc((width + 1) * height);
  for (let at = 0; at < pixels.length; at++) {
    const colour = pixels[at]!;
    let index = nearest.get(colour);
    if (index === undefined) {
      index = nearestOf(palette, colour);
      nearest.set(colour, index);
    }
    lines[at + Math.floor(at / width) + 1] = index;
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 0xff, colour & 0xff]));
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', colours),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly rows: Buffer;
}

function readPng(png: Buffer): Pixels {
  const [width, height, type] = [png.readUInt32BE(16), png.readUInt32BE(20), png[25]];
  const data: Buffer[] = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  const channels = type === 6 ? 4 : 3;
  return { width, height, channels, rows: unfilter(inflateSync(Buffer.concat(data)), width * channels, channels) };
}

/** Each line says how it was predicted from what is left of it and above. */
function unfilter(lines: Buffer, stride: number, channels: number): Buffer {
  const rows = Buffer.alloc((lines.length / (stride + 1)) * stride);
  for (let at = 0; at < rows.length; at++) {
    const row = Math.floor(at / stride);
    const column = at % stride;
    const left = column < channels ? 0 : rows[at - channels]!;
    const up = row === 0 ? 0 : rows[at - stride]!;
    const corner = row === 0 || column < channels ? 0 : rows[at - stride - channels]!;
    const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][lines[row * (stride + 1)]!]!;
    rows[at] = lines[row * (stride + 1) + 1 + column]! + predicted;
  }
  return rows;
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [a, b, c] = [left, up, corner].map((value) => Math.abs(estimate - value)) as [number, number, number];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

function paletteOf(pixels: Uint32Array): readonly number[] {
  const counts = new Map<number, number>();
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const byCount = [...counts].toSorted(([, one], [, other]) => other - one).map(([colour]) => colour);
  const palette: number[] = [];
  // Shades of the same edge are no colours of their own.
  for (const distance of [200, 60, 0]) {
    for (const colour of byCount) {
      if (palette.length >= MOST_COLOURS) return palette;
      if (palette.every((known) => distanceOf(known, colour) > distance)) palette.push(colour);
    }
  }
  return palette;
}

function nearestOf(palette: readonly number[], colour: number): number {
  let [best, least] = [0, Infinity];
  palette.forEach((known, index) => {
    const distance = distanceOf(known, colour);
    if (distance < least) [best, least] = [index, distance];
  });
  return best;
}

function distanceOf(one: number, other: number): number {
  const red = (one >> 16) - (other >> 16);
  const green = ((one >> 8) & 0xff) - ((other >> 8) & 0xff);
  const blue = (one & 0xff) - (other & 0xff);
  return red * red + green * green + blue * blue;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crcOfZlib(body), body.length + 4);
  return framed;
}
