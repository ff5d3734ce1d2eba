import type { ProcessorStats } from 'millrace';
import type { IntakeCounts } from '../pipeline/intake.ts';
import { counts } from '../../shared/sums.ts';
import { counted, dateOf, grouped, table } from '../../shared/text.ts';

/** How things stand. */
export interface Status {
  /** How much of the replay is over, from 0 to 1; none of a live feed. */
  readonly progress: number | undefined;
  readonly intake: IntakeCounts;
  readonly journal: { readonly lines: number; readonly batches: number };
  readonly handlers: readonly ProcessorStats[];
  /** Letters that are kept. */
  readonly letters: number;
  readonly headline: string;
}

/** For a terminal. */
export function statusBlock({ progress, intake, journal, handlers, letters, headline }: Status): readonly string[] {
  const { clock, polls, seen, repeated, ingested, invalid } = intake;
  return [
    '',
    [dateOf(clock), ...(progress === undefined ? [] : [bar(progress)]), headline].join('  '),
    '',
    ...table(
      ['handler', ...counts, 'circuit'],
      handlers.map((stats) => [stats.name, ...counts.map((count) => stats[count]), stats.circuit ?? '']),
    ),
    '',
    `feed     ${counted(polls, 'poll')}, ${grouped(seen)} records = ${grouped(repeated)} repeated + ${grouped(ingested)} new + ${invalid} invalid`,
    `journal  ${counted(journal.lines, 'line')} in ${counted(journal.batches, 'batch', 'batches')}`,
    `kept     ${counted(letters, 'dead letter')}`,
  ];
}

/** For a pipe or a file. */
export function statusLine({ intake, handlers, letters }: Status): string {
  const { clock, seen, repeated, ingested } = intake;
  const alert = handlers.find(({ name }) => name === 'alert');
  const parts = [
    `${grouped(seen)} records, ${grouped(repeated)} of them repeated, ${counted(ingested, 'report')}`,
    ...(alert === undefined ? [] : [`alerts: ${alert.handled} sent, ${alert.pending} pending`]),
    counted(letters, 'dead letter'),
  ];
  return `${dateOf(clock)}  ${parts.join('; ')}`;
}

function bar(progress: number): string {
  const width = 24;
  const done = Math.round(progress * width);
  return `${'█'.repeat(done)}${'░'.repeat(width - done)} ${Math.floor(progress * 100)} %`;
}
