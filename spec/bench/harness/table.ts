import type { Metric } from './row.ts';
import type { RowResult } from './run-row.ts';

/** A row's measurements: lines of cells, the first of them the heading, the last cell of each a note. */
export function tableOf(result: RowResult): readonly (readonly string[])[] {
  const { contestants, metrics } = result.row;
  const [metric, ...others] = metrics;
  if (metric !== undefined && others.length === 0) {
    return [
      ['', metric.unit, '±', 'time', 'speed', 'events', ''],
      ...contestants.map(({ name, events, note = '' }) => [
        name,
        ...comparison(result, name, metric),
        events.toLocaleString('en-US'),
        note,
      ]),
    ];
  }
  return [
    ['', ...metrics.map(({ unit }) => unit), ''],
    ...contestants.map(({ name, note = '' }) => [name].concat(values(result, name), note)),
  ];
}

/** One metric: its value, its spread, and how it compares. */
function comparison(
  { row, of, spreadOf }: RowResult,
  name: string,
  metric: Metric,
): readonly [string, string, string, string] {
  const value = of(name, metric.name);
  const time = value / of(row.reference ?? name, metric.name);
  const percent = Math.round(100 * spreadOf(name, metric.name));
  return [shown(metric, value), `${percent} %`, formatRatio(time), formatRatio(1 / time)];
}

/** Several metrics: each value, and its ratio. */
function values({ row, of }: RowResult, name: string): string[] {
  const { metrics, reference } = row;
  return metrics.map((metric) => {
    const value = of(name, metric.name);
    if (Number.isNaN(value)) return '–';
    if (reference === undefined) return shown(metric, value);
    const time = value / of(reference, metric.name);
    return `${shown(metric, value)} (${formatRatio(metric.isRate === true ? 1 / time : time)})`;
  });
}

function shown({ isRate }: Metric, value: number): string {
  return formatNumber(isRate === true ? 1e9 / value : value);
}

/** Three digits that count, or as many as there are before the point. */
export function formatNumber(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toLocaleString('en-US', { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
}

function formatRatio(value: number): string {
  return `${formatNumber(value)} ×`;
}
