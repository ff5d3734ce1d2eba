import type { Probe } from 'millrace';
import type { Sum } from '../../shared/sums.ts';
import type { Intake } from '../intake/endpoint.ts';
import type { Options } from '../options.ts';
import type { PreferenceStore } from '../services/preference-files.ts';
import type { SendMail } from '../services/welcome-mail.ts';
import type { Remains } from '../summary.ts';

/** Looks at a run, from its sides. The services know nothing of it. */
export interface Watch extends AsyncDisposable {
  /** Told of everything that the bus does. */
  readonly probes: readonly Probe[];
  /** Where a Prometheus may scrape. */
  readonly metricsUrl?: URL;
  intake(intake: Intake): Intake;
  mail(send: SendMail, server: URL): SendMail;
  store(store: PreferenceStore): PreferenceStore;
  /** Looks at what is there, before it closes. */
  look(): void;
  /** What it has seen. */
  findings(remains: Remains): Promise<Findings>;
}

interface Findings {
  readonly lines: readonly string[];
  /** What it has counted, held against what the services have. */
  readonly sums: readonly Sum[];
}

/** Opens what the options ask for. OpenTelemetry is loaded for those who want it. */
export async function openWatch({ trace, graph }: Options): Promise<Watch> {
  if (trace) {
    const { openTraceWatch } = await import('./trace-watch.ts');
    return openTraceWatch();
  }
  if (!graph) return { ...aside, probes: [], look: () => undefined, findings: async () => ({ lines: [], sums: [] }) };
  const { Graph } = await import('./graph.ts');
  const view = new Graph();
  return {
    ...aside,
    probes: [view.inspector],
    look: () => view.look(),
    findings: async () => ({ lines: view.lines, sums: [] }),
  };
}

/** Leaves everything as it is. */
const aside = {
  intake: (intake: Intake): Intake => intake,
  mail: (send: SendMail): SendMail => send,
  store: (store: PreferenceStore): PreferenceStore => store,
  [Symbol.asyncDispose]: async (): Promise<void> => undefined,
};
