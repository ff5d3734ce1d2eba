import { expectDelay } from '../core/options.ts';
import { Drainage, type DrainCounts } from './drainage.ts';
import type { EngineSurroundings } from './engine-surroundings.ts';
import type { Gate } from './gate.ts';
import type { ProcessorSettings } from './processor-options.ts';
import type { PartWatch } from './part-watch.ts';
import type { HandlerPart } from './probe.ts';
import type { Pump } from './pump.ts';
import type { DrainOptions, DrainReport, ProcessorStats } from './stats.ts';

/** What the life of an engine needs of it. */
export interface EngineLifeOptions<Item> {
  readonly engine: { readonly part: HandlerPart; readonly isIdle: boolean; readonly ended: DrainCounts };
  readonly pump: Pump<Item>;
  readonly gate: Gate<Item>;
  readonly settings: ProcessorSettings<Item>;
  readonly surroundings: EngineSurroundings<Item>;
  readonly watch: PartWatch;
  /** Ends redrives. */
  readonly disconnect: (() => void) | undefined;
  /** Called when its state has changed; calls `restIdle` as soon as nothing is pending. */
  readonly onChange: () => void;
}

/** Whether an engine takes and starts events, and how it comes to its end. */
export class EngineLife<Item> {
  private readonly options: EngineLifeOptions<Item>;
  private current: ProcessorStats['state'] = 'open';
  private drainage: Drainage | undefined;
  /** What is left to do of closing, when the handler that is being called directly has returned. */
  private finish: (() => void) | undefined;

  constructor(options: EngineLifeOptions<Item>) {
    this.options = options;
  }

  get state(): ProcessorStats['state'] {
    return this.current;
  }

  pause(): void {
    if (this.current !== 'open') return;
    this.become('paused');
    this.options.pump.pause();
    this.options.onChange();
  }

  resume(): void {
    if (this.current !== 'paused') return;
    this.become('open');
    this.options.pump.resume();
  }

  async drain({ deadlineMs }: DrainOptions = {}): Promise<DrainReport> {
    const { pump, surroundings } = this.options;
    if (deadlineMs !== undefined) expectDelay('deadlineMs', deadlineMs);
    const drainage = this.drainage ?? this.startDrainage();
    if (deadlineMs !== undefined && this.current !== 'closed') drainage.addDeadline(deadlineMs, () => this.close());
    pump.run();
    const report = await drainage.report;
    // Letters are what is left of events: the deadline is given once more to stores that take their time.
    await surroundings.deadLetters.flush(deadlineMs);
    return report;
  }

  /** @returns how many events it abandoned */
  close(): number {
    const { engine, pump, gate, surroundings, watch, disconnect, onChange } = this.options;
    if (this.current === 'closed') return 0;
    const completed = engine.isIdle;
    this.become('closed');
    gate.refuse();
    pump.close();
    disconnect?.();
    this.finish = () => {
      const report = this.drainage?.end(engine.ended, pump.abandoned, completed);
      if (report !== undefined) watch.audience?.drained(engine.part.name, report);
      surroundings.watch.leave(watch);
      surroundings.onClosed?.();
    };
    onChange();
    return pump.abandoned;
  }

  /** Nothing is pending. */
  restIdle(): void {
    if (this.current === 'draining') this.close();
    this.options.surroundings.onIdle?.();
    const finish = this.finish;
    this.finish = undefined;
    finish?.();
  }

  /** The report is there before anything can end it. */
  private startDrainage(): Drainage {
    const { engine, pump, gate, settings } = this.options;
    const drainage = new Drainage(engine.ended, settings.scheduler);
    this.drainage = drainage;
    if (this.current === 'closed') {
      drainage.end(engine.ended, 0, true);
    } else {
      this.become('draining');
      gate.refuse();
      // First: paused, and with nothing pending, it would close before it has looked at its supply.
      pump.resume();
      pump.flush();
    }
    return drainage;
  }

  private become(state: ProcessorStats['state']): void {
    const { gate, surroundings } = this.options;
    this.current = state;
    gate.isOpen = state === 'open' || state === 'paused' || (state === 'draining' && surroundings.supply !== undefined);
  }
}
