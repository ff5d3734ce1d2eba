import { InvalidOptionError } from '../../core/errors.ts';
import { isDelay, show } from '../../core/options.ts';
import { milliseconds } from '../milliseconds.ts';

/** What one call is to do. */
export interface ScriptStep {
  /** `ok` succeeds, `x` fails, `hang` does not end by itself. */
  readonly word: 'hang' | 'ok' | 'x';
  /** Milliseconds until it does so. @defaultValue none: at once */
  readonly delayMs?: number;
}

/** A script, read word by word: one word a call; the last one goes for all further calls. */
export class Script {
  private readonly steps: readonly ScriptStep[];
  private position = 0;

  /** @throws InvalidOptionError for a script that is empty, or has an unknown word */
  constructor(script: string) {
    this.steps = parseScript(script);
  }

  next(): ScriptStep {
    const step = this.steps[Math.min(this.position, this.steps.length - 1)]!;
    this.position++;
    return step;
  }
}

function parseScript(script: string): readonly ScriptStep[] {
  const words = typeof script === 'string' ? [...script.matchAll(/\S+/gu)] : [];
  if (words.length === 0) {
    throw new InvalidOptionError(`Expected a script such as 'x x ok', got ${show(script)}. ${help}`);
  }
  return words.map(({ 0: word, index }) => parseWord(word, index, script));
}

function parseWord(word: string, index: number, script: string): ScriptStep {
  const refuse = (expected: string): never => {
    const pointer = `${' '.repeat(index)}^`;
    throw new InvalidOptionError(`Expected ${expected}, got '${word}' at ${index}. ${help}\n  ${script}\n  ${pointer}`);
  };
  const { groups } = /^(?:(?<end>ok|x)(?:@(?<time>\d+(?:\.\d+)?(?:ms|s|m)))?|(?<hang>hang))$/u.exec(word) ?? {};
  if (groups === undefined) return refuse('a word of a script');
  const { end, time } = groups;
  if (end === undefined) return { word: 'hang' };
  if (time === undefined) return { word: end as 'ok' | 'x' };
  const delayMs = milliseconds(time);
  if (!isDelay(delayMs)) return refuse('a time that a timer can keep');
  return { word: end as 'ok' | 'x', delayMs };
}

const help = `The words are 'ok', 'x' (fails) and 'hang'; the first two also after a time, as in 'ok@20ms' or 'x@1.5s'.`;
