import { InvalidOptionError } from '../core/errors.ts';
import type { CheckedJetStreamOptions } from './jet-stream-options.ts';

/** The server takes no longer names of streams. */
const LONGEST_NAME = 255;

/** Where letters of a name are kept. */
export interface LetterPlace {
  /** The stream's name. */
  readonly stream: string;
  /** Begins the subjects. */
  readonly prefix: string;
}

/**
 * Letters belong to the stream and the subjects of their broker: the same name of another application on the server has others. `@`, which no part has, keeps the parts apart.
 *
 * @throws InvalidOptionError if the stream's name would be too long
 */
export function letterPlace(
  name: string,
  { stream, subjectPrefix }: Pick<CheckedJetStreamOptions, 'stream' | 'subjectPrefix'>,
): LetterPlace {
  const ofStream = `${name}@${stream.name}`;
  const own = subjectPrefix === `${stream.name}.` ? ofStream : `${ofStream}@${encoded(subjectPrefix.slice(0, -1))}`;
  const place = { stream: `millrace-letters-${own}`, prefix: `millrace.letters.${own}.` };
  const { length } = place.stream;
  if (length <= LONGEST_NAME) return place;
  throw new InvalidOptionError(
    `Expected the stream of the letters '${name}' to have a name of at most ${LONGEST_NAME} bytes, got ${length}: '${place.stream.slice(0, 40)}…'. Choose a shorter group, stream.name or subjectPrefix.`,
  );
}

/** Without what subjects and names of streams give a meaning to. */
function encoded(prefix: string): string {
  return encodeURIComponent(prefix).replaceAll('.', ',');
}
