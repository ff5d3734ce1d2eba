import type { WriteStream } from 'node:tty';
import { LiveScreen } from './live-screen.ts';
import { PlainScreen } from './plain-screen.ts';
import type { Screen } from './screen.ts';

/** A terminal gets a status that is drawn again and again; a pipe or a file gets lines. */
export function openScreen(output: WriteStream): Screen {
  return output.isTTY ? new LiveScreen(output) : new PlainScreen(output);
}
