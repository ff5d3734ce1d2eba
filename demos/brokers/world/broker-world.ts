import type { BrokerLetterStore } from 'millrace';
import type { Life } from '../../shared/child.ts';
import type { StageReport } from '../../shared/victim.ts';
import type { ServiceReport } from '../services/reports.ts';
import type { ServiceName, Settings } from '../services/service.ts';

/** The broker, seen from outside, and where the services run. */
export interface BrokerWorld extends AsyncDisposable {
  /** What it is, and where. */
  readonly where: string;
  /** Begins a service. */
  begin(service: ServiceName, settings: Settings, onReport: (report: ServiceReport | StageReport) => void): Life;
  /** How many events the broker was given, as it says itself. */
  events(): Promise<number>;
  /** How many copies of events wait in it, or are unsettled. */
  unsettled(): Promise<number>;
  /** The dead letters of a service. */
  letters(service: ServiceName): BrokerLetterStore;
}
