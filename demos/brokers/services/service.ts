import type { Broker } from 'millrace';
import type { ParentLink } from '../../shared/in-child.ts';
import type { StageReport } from '../../shared/victim.ts';
import type { ServiceReport } from './reports.ts';

export const serviceNames = ['web', 'mail', 'audit'] as const;

export type ServiceName = (typeof serviceNames)[number];

/** What all services of a run are told. */
export interface Settings {
  /** Names the run: on a server that others use, everything of it has a name of its own. */
  readonly run: string;
  /** Where mails are sent: `smtp://…`. */
  readonly mailUrl: string;
  readonly auditFile: string;
  /** Where sign-ups are taken; 0 for any free port. */
  readonly port: number;
}

/** Where a service runs. */
export interface Host {
  readonly broker: Broker;
  readonly report: (report: ServiceReport | StageReport) => void;
  readonly told: ParentLink['told'];
}

/** Runs until it is told to finish. */
export type Service = (host: Host, settings: Settings) => Promise<void>;

/** The group under which a service's events and dead letters are on the broker. */
export function groupOf(run: string, service: ServiceName): string {
  return `${run}-${service}`;
}
