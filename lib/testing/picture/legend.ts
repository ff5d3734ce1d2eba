import { preview } from '../preview.ts';
import { inOneLine } from '../../core/one-line.ts';

/** What a line shows of data at most. */
const MAX_LENGTH = 60;
const UUID = /\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/giu;
const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/gu;

/** What each label stands for, in short; of UUIDs and times, which are not the same from run to run, only that they are one. */
export function legendLines(labels: ReadonlyMap<string, unknown>): readonly string[] {
  return Array.from(labels, ([label, data]) => {
    const text = inOneLine(preview(data).replaceAll(UUID, '<uuid>').replaceAll(TIME, '<time>'));
    return `${label} = ${text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text}`;
  });
}
