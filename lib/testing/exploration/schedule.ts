import { InvalidOptionError } from '../../core/errors.ts';
import { expectCount, show } from '../../core/options.ts';

/** The decisions of one run, in the order in which they are asked for. */
export interface Schedule {
  /**
   * A whole number from 0 up to `most`. 0 is tried first when a failure is made shorter.
   *
   * @param most - the greatest, ≥ 0
   */
  upTo(most: number): number;
  /** One of several things. The first one is tried first when a failure is made shorter. */
  oneOf<Choice>(choices: readonly Choice[]): Choice;
  /**
   * Whether something happens.
   *
   * @param probability - from 0, never, to 1, always
   */
  chance(probability: number): boolean;
}

/** The greatest number that a decision is made of. */
export const MOST = 0xffff;

/** Takes decisions from a list of numbers from 0 to {@link MOST}; where the list has ended, all are 0: the simplest ones. */
export class ListedSchedule implements Schedule {
  private readonly numbers: readonly number[];
  private position = 0;

  constructor(numbers: readonly number[]) {
    this.numbers = numbers;
  }

  /** How many decisions were asked for. */
  get length(): number {
    return this.position;
  }

  upTo(most: number): number {
    expectCount('most', most, 0);
    let number = this.next();
    // As many more as it takes to get so far.
    for (let reach = MOST; reach < most; reach = reach * (MOST + 1) + MOST) number = number * (MOST + 1) + this.next();
    return number % (most + 1);
  }

  oneOf<Choice>(choices: readonly Choice[]): Choice {
    if (!Array.isArray(choices) || choices.length === 0) {
      throw new InvalidOptionError(`Expected a list of choices that is not empty, got ${show(choices)}.`);
    }
    return choices[this.next() % choices.length] as Choice;
  }

  chance(probability: number): boolean {
    expectProbability('probability', probability);
    // The numbers that are tried first mean no.
    return this.next() >= (1 - probability) * (MOST + 1);
  }

  private next(): number {
    return this.numbers[this.position++] ?? 0;
  }
}

/** @throws InvalidOptionError unless it is from 0 to 1 */
export function expectProbability(name: string, probability: number): void {
  if (probability >= 0 && probability <= 1) return;
  throw new InvalidOptionError(`Expected ${name} to be from 0, never, to 1, always, got ${show(probability)}.`);
}
