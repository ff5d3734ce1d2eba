import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';

/** A file of the page, as it is served. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Another one as soon as it has changed. */
  readonly etag: string;
  /** The same, packed. */
  readonly brotli: Uint8Array<ArrayBuffer>;
}

/** What a page is told of its week. */
export interface PageFacts {
  /** Which log its events are of. */
  readonly log: string;
  readonly quakes: number;
  /** Epoch milliseconds. */
  readonly from: number;
  readonly until: number;
  /** Simulated seconds per second. */
  readonly speed: number;
}

/** Makes the page: its script in one file, and all else as it is. */
export async function makePage(facts: PageFacts): Promise<ReadonlyMap<string, PageFile>> {
  const [html, css, icon, land, script] = await Promise.all([
    read('page/index.html'),
    read('page/desk.css'),
    read('page/icon.svg'),
    read('../data/natural-earth-land.json'),
    bundle(),
  ]);
  return new Map([
    ['/', file('text/html', html.replace('<html lang="en"', `<html lang="en" ${attributes(facts)}`))],
    ['/desk.js', file('text/javascript', script)],
    ['/desk.css', file('text/css', css)],
    ['/icon.svg', file('image/svg+xml', icon)],
    ['/land.json', file('application/json', land)],
  ]);
}

async function bundle(): Promise<string> {
  const tsconfig = process.env['TSX_TSCONFIG_PATH'];
  const { outputFiles } = await build({
    entryPoints: [fileOf('page/main.ts')],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    // The same millrace as this program's: that of a spec is not built.
    ...(tsconfig !== undefined && { tsconfig }),
  });
  return outputFiles[0]!.text;
}

function attributes({ log, quakes, from, until, speed }: PageFacts): string {
  const data = { log, quakes, from, until, speed };
  return Object.entries(data)
    .map(([name, value]) => `data-${name}="${value}"`)
    .join(' ');
}

function file(type: string, text: string): PageFile {
  const bytes = new TextEncoder().encode(text);
  const etag = `W/"${createHash('sha256').update(bytes).digest('base64url')}"`;
  return { type: `${type}; charset=utf-8`, bytes, etag, brotli: Uint8Array.from(brotliCompressSync(bytes)) };
}

async function read(path: string): Promise<string> {
  return readFile(fileOf(path), 'utf8');
}

function fileOf(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}
