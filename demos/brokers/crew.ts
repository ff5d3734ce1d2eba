import { setTimeout as sleep } from 'node:timers/promises';
import { Subject } from 'rxjs';
import { Victim } from '../shared/victim.ts';
import type { Ledger } from './ledger.ts';
import type { ServiceReport } from './services/reports.ts';
import type { ServiceName, Settings } from './services/service.ts';
import type { BrokerWorld } from './world/broker-world.ts';

/** A report, and whose it is. */
export interface CrewReport {
  readonly service: ServiceName;
  readonly report: ServiceReport;
}

/** The three processes; the sign-ups' comes last, when somebody is there to hear of them. */
export class Crew implements AsyncDisposable {
  readonly mail: Victim<ServiceReport>;
  readonly audit: Victim<ServiceReport>;
  readonly web: Victim<ServiceReport>;
  readonly reports: Subject<CrewReport> = new Subject();
  /** Where sign-ups are taken, in every life of the process that takes them. */
  url: URL = new URL('http://127.0.0.1:0');
  readonly #world: BrokerWorld;
  readonly #settings: Omit<Settings, 'port'>;

  constructor(world: BrokerWorld, settings: Omit<Settings, 'port'>, ledger: Ledger) {
    this.#world = world;
    this.#settings = settings;
    this.mail = this.#hire('mail', (report) => ledger.mail.note(report));
    this.audit = this.#hire('audit', (report) => ledger.audit.note(report));
    this.web = this.#hire('web', (report) => {
      if (report.kind === 'serving') this.url = new URL(report.url);
    });
  }

  async start(): Promise<void> {
    for (const victim of [this.mail, this.audit]) victim.start();
    await Promise.all([this.mail.reached('ready'), this.audit.reached('ready')]);
    this.web.start();
    await this.web.reached('ready');
  }

  /** Waits a little. @throws DemoError if one of them has ended by itself */
  async pause(delayMs: number): Promise<void> {
    await Promise.race([sleep(delayMs), ...this.#all.map(async (victim) => victim.failed())]);
  }

  /** Lets each come to its end. */
  async finish(): Promise<void> {
    for (const victim of this.#all) await victim.end('finish');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const victim of this.#all) await victim[Symbol.asyncDispose]();
  }

  get #all(): readonly Victim<ServiceReport>[] {
    return [this.web, this.mail, this.audit];
  }

  #hire(service: ServiceName, note: (report: ServiceReport) => void): Victim<ServiceReport> {
    return new Victim<ServiceReport>({
      name: service,
      begin: (onReport) => this.#world.begin(service, { ...this.#settings, port: Number(this.url.port) }, onReport),
      onReport: (report) => {
        note(report);
        this.reports.next({ service, report });
      },
    });
  }
}
