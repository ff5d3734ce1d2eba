/** A line of what a Prometheus is given. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What there was at one moment. */
export class Scrape {
  readonly series: readonly Series[];

  private constructor(series: readonly Series[]) {
    this.series = series;
  }

  /** Asks for it, as a Prometheus does. */
  static async of(url: URL): Promise<Scrape> {
    const response = await fetch(url);
    return Scrape.read(await response.text());
  }

  /** @param text - in the text format of Prometheus */
  static read(text: string): Scrape {
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Scrape(lines.map(readLine));
  }

  /** The sum of all series of this name that have these labels. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.series
      .filter(
        (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
      )
      .reduce((sum, { value }) => sum + value, 0);
  }
}

function readLine(line: string): Series {
  const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined) throw new Error(`Expected a line such as 'name{label="value"} 1', got '${line}'.`);
  return { name, labels: readLabels(labels), value: Number(value) };
}

function readLabels(text: string): Readonly<Record<string, string>> {
  const labels = text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g);
  return Object.fromEntries(Array.from(labels, ([, name, value]) => [name!, value!.replaceAll(/\\(.)/g, '$1')]));
}
