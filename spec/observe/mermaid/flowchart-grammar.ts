/** A character that means nothing to Mermaid, Markdown or HTML; or the code of one. */
const LABEL = String.raw`"(?:[a-zA-Z0-9 .,/_()-]|[^\x00-\x7F]|#\d+;|<br/>)+"`;

const LINES: Readonly<Record<string, RegExp>> = {
  head: /^flowchart LR$/u,
  box: new RegExp(String.raw`^  subgraph (?<id>n\d+)\[${LABEL}\]$`, 'u'),
  end: /^ {2}end$/u,
  node: new RegExp(
    String.raw`^ {2,4}(?<id>n\d+)(?:\(\[${LABEL}\]\)|\[${LABEL}\]|\[/${LABEL}/\]|\[\(${LABEL}\)\])$`,
    'u',
  ),
  arrow: new RegExp(String.raw`^  (?<from>n\d+) (?:-->|-\.->|<-->)(?:\|${LABEL}\|)? (?<to>n\d+)$`, 'u'),
  style: /^ {2}classDef trouble stroke-width:4px$/u,
  styled: /^ {2}class (?<ids>n\d+(?:,n\d+)*) trouble$/u,
};

/** What a flowchart has, line by line. */
export interface ReadFlowchart {
  /** The kind of each line. */
  readonly kinds: readonly string[];
  /** Of boxes and nodes. */
  readonly ids: readonly string[];
}

/**
 * Reads the part of Mermaid's grammar that flowcharts of ours need.
 *
 * @throws Error for any other line, and for an id that is not there or there twice
 */
export function readFlowchart(chart: string): ReadFlowchart {
  if (!chart.endsWith('\n')) throw new Error('Expected a line end at the end.');
  const kinds: string[] = [];
  const ids = new Set<string>();
  const used: string[] = [];
  for (const line of chart.slice(0, -1).split('\n')) {
    const found = Object.entries(LINES).find(([, pattern]) => pattern.test(line));
    if (found === undefined) throw new Error(`Expected a line of a flowchart, got ${JSON.stringify(line)}.`);
    const [kind, pattern] = found;
    const { id, from, to, ids: styled } = pattern.exec(line)?.groups ?? {};
    if (id !== undefined && ids.has(id)) throw new Error(`Expected ${id} once, got it twice.`);
    if (id !== undefined) ids.add(id);
    used.push(...[from, to, ...(styled?.split(',') ?? [])].filter((one) => one !== undefined));
    kinds.push(kind);
  }
  const missing = used.filter((one) => !ids.has(one));
  if (missing.length > 0) throw new Error(`Expected all ids to be there, got no ${missing.join()}.`);
  return { kinds, ids: [...ids] };
}
