import type { SchedulerLike } from 'rxjs';
import type { Part } from '../../process/probe.ts';
import {
  type Affected,
  eventFields,
  isMessage,
  leftOutText,
  type Trouble,
  troubleText,
  whereFields,
} from './log-lines.ts';
import { LogQuota, type WriteLine } from './log-quota.ts';
import type { LogFields, LogWriter } from './log-writer.ts';

/** What may be told of a payload; `undefined` for nothing. Items that are no messages have no type. */
export type PayloadView = (data: unknown, type: string | undefined) => unknown;

/** Writes what goes wrong with events, as far as there is room for it. */
export class TroubleLog {
  readonly #writer: LogWriter;
  readonly #maxPerSecond: number;
  readonly #scheduler: SchedulerLike;
  readonly #payloadOf: PayloadView;
  /** Of each part, by what is counted apart. What is dead for another reason is not hidden by a flood. */
  readonly #quotas = new WeakMap<Part, Map<string, LogQuota>>();

  constructor(writer: LogWriter, maxPerSecond: number, scheduler: SchedulerLike, payloadOf: PayloadView) {
    this.#writer = writer;
    this.#maxPerSecond = maxPerSecond;
    this.#scheduler = scheduler;
    this.#payloadOf = payloadOf;
  }

  /** @param details - what is known of this kind of trouble */
  tell(trouble: Trouble, affected: Affected, details: () => LogFields): void {
    const { level } = trouble;
    const { part, event } = affected;
    if (!this.#writer.isEnabled(level)) return;
    this.#quotaOf(trouble, part).offer((leftOut) => {
      const fields = { ...whereFields(trouble, part), ...eventFields(event), ...details() };
      const more = { ...this.#payloadFields(event), ...(leftOut > 0 && { leftOut }) };
      return this.#writer.write(level, troubleText(trouble, affected), { ...fields, ...more });
    });
  }

  /** Tells at once what was left out of a part. */
  flush(part: Part): void {
    for (const quota of this.#quotas.get(part)?.values() ?? []) quota.flush();
  }

  #quotaOf(trouble: Trouble, part: Part): LogQuota {
    const { kind, level, reason = kind } = trouble;
    let quotas = this.#quotas.get(part);
    if (quotas === undefined) this.#quotas.set(part, (quotas = new Map<string, LogQuota>()));
    let quota = quotas.get(reason);
    if (quota === undefined) {
      const summarize: WriteLine = (leftOut) =>
        this.#writer.write(level, leftOutText(trouble, part.name, leftOut), {
          ...whereFields(trouble, part),
          leftOut,
        });
      quotas.set(reason, (quota = new LogQuota(summarize, this.#maxPerSecond, this.#scheduler)));
    }
    return quota;
  }

  /** Without it, where the user's function fails: the line is worth more. */
  #payloadFields(event: unknown): LogFields {
    try {
      const payload = isMessage(event) ? this.#payloadOf(event.data, event.type) : this.#payloadOf(event, undefined);
      return payload === undefined ? {} : { payload };
    } catch (error) {
      this.#writer.report(error);
      return {};
    }
  }
}
