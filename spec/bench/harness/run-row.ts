import { ContestantProcess } from './contestant-process.ts';
import type { Floor, Medians } from './floor.ts';
import type { Measures, Row, Task } from './row.ts';
import { median, spread } from './statistics.ts';

/** How much is measured. */
export interface Effort {
  /** A quarter of the events, one process per contestant, at most two rounds. */
  readonly isQuick: boolean;
}

/** What a row's rounds gave. */
export interface RowResult extends Medians {
  readonly row: Row;
  /** The middle half of the rounds, as a fraction of their median. */
  readonly spreadOf: (contestant: string, metric: string) => number;
  readonly verdicts: readonly { readonly floor: Floor; readonly value: number }[];
}

/**
 * Measures a row: every contestant in a process of its own, so that none shapes the compiled code of another. Their rounds alternate
 * (A B C A B C …) and only one process works at a time. The first round of a process does not count. Each row is run by several
 * generations of processes, as the optimizer may be luckier in one than in another.
 */
export async function runRow(row: Row, { isQuick }: Effort): Promise<RowResult> {
  const calibration = (await row.calibrate?.()) ?? 0;
  const rounds: Round[] = [];
  for (let generation = 0; generation < (isQuick ? 1 : (row.generations ?? 3)); generation++) {
    const processes = await Promise.all(row.contestants.map((contestant) => ContestantProcess.start(row, contestant)));
    try {
      rounds.push(...(await runGeneration(row, processes, { isQuick, calibration })));
      if (generation === 0) await Promise.all(processes.map((contestant) => contestant.verify()));
    } finally {
      await Promise.all(processes.map((contestant) => contestant.end()));
    }
  }
  return resultOf(row, rounds);
}

/** What each contestant measured, by its name. */
type Round = ReadonlyMap<string, Measures>;

async function runGeneration(
  { rounds = 3, warmups = 1, warmupEvents, quickEvents }: Row,
  processes: readonly ContestantProcess[],
  { isQuick, calibration }: Effort & Pick<Task, 'calibration'>,
): Promise<readonly Round[]> {
  const all: Round[] = [];
  for (let count = 0; count < warmups + (isQuick ? Math.min(2, rounds) : rounds); count++) {
    const round = new Map<string, Measures>();
    for (const process of processes) {
      const { name, events } = process.contestant;
      const wanted = isQuick ? (quickEvents ?? Math.ceil(events / 4)) : events;
      round.set(name, await process.run({ events: count < warmups ? (warmupEvents ?? wanted) : wanted, calibration }));
    }
    all.push(round);
  }
  return all.slice(warmups);
}

function resultOf(row: Row, rounds: readonly Round[]): RowResult {
  const valuesOf = (contestant: string, metric: string): number[] => {
    const values = rounds.map((round) => round.get(contestant)?.[metric]);
    if (values.every((value) => value !== undefined)) return values;
    throw new Error(`Expected row ${row.name} to measure ${metric} of ${contestant}.`);
  };
  const of = (contestant: string, metric: string): number => median(valuesOf(contestant, metric));
  return {
    row,
    of,
    spreadOf: (contestant, metric) => spread(valuesOf(contestant, metric)),
    verdicts: row.floors.map((floor) => ({ floor, value: floor.value({ of }) })),
  };
}
