import { createInspector, type Inspector, toMermaid } from 'millrace';

/** The run as a picture that code hosts show within Markdown. */
export class Graph {
  readonly inspector: Inspector = createInspector();
  #mermaid = '';

  /** What has closed is not in it any more. */
  look(): void {
    this.#mermaid = toMermaid(this.inspector.snapshot());
  }

  get lines(): readonly string[] {
    return ['', 'The graph of the run, in Mermaid:', '', ...this.#mermaid.trimEnd().split('\n')];
  }
}
