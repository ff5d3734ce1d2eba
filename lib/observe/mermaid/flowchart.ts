import { mermaidLabel } from './mermaid-label.ts';

/** The shapes of nodes: their brackets. */
const SHAPES = {
  broker: ['[(', ')]'],
  event: ['([', '])'],
  handler: ['[', ']'],
  letters: ['[/', '/]'],
} as const;

/** A Mermaid flowchart that is drawn node by node. Its ids are its own, so that no name can be taken for a word of Mermaid's. */
export class Flowchart {
  readonly #nodes: string[] = [];
  readonly #arrows: string[] = [];
  readonly #thick: string[] = [];
  #count = 0;
  #indent = '  ';

  /** @returns its id */
  node(shape: keyof typeof SHAPES, ...lines: readonly string[]): string {
    const [open, close] = SHAPES[shape];
    const id = this.#newId();
    this.#nodes.push(`${this.#indent}${id}${open}${mermaidLabel(...lines)}${close}`);
    return id;
  }

  /** A box around what is drawn within. @returns its id */
  box(title: string, draw: () => void): string {
    const id = this.#newId();
    this.#nodes.push(`  subgraph ${id}[${mermaidLabel(title)}]`);
    this.#indent = '    ';
    draw();
    this.#indent = '  ';
    this.#nodes.push('  end');
    return id;
  }

  arrow(from: string, line: '-->' | '-.->' | '<-->', to: string, label?: string): void {
    this.#arrows.push(`  ${from} ${line}${label === undefined ? '' : `|${mermaidLabel(label)}|`} ${to}`);
  }

  /** Gives a node a thick border. */
  thicken(id: string): void {
    this.#thick.push(id);
  }

  toString(): string {
    const styles = ['  classDef trouble stroke-width:4px', `  class ${this.#thick.join(',')} trouble`];
    const lines = ['flowchart LR', ...this.#nodes, ...this.#arrows, ...(this.#thick.length > 0 ? styles : [])];
    return `${lines.join('\n')}\n`;
  }

  #newId(): string {
    return `n${++this.#count}`;
  }
}
