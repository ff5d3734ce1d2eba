import type { MessageHeaders } from '../core/message.ts';
import type { DropReason, Outcome, Settlement } from '../core/outcome.ts';
import type { ErrorReports } from './error-reports.ts';
import type { Attachment, Handling, Part, Probe, Retry } from './probe.ts';
import type { SafeProbe } from './safe-probe.ts';
import type { DrainReport } from './stats.ts';

/** A handling, and which of the probes that follow a few follow it. */
export interface Followed extends Handling {
  /** The bits of those probes. */
  readonly followedBy: number;
}

/** The probes of one part. */
export class PartWatch {
  /** Whom to tell of what happens; nobody, as long as there is no probe. */
  audience: Audience | undefined = undefined;
  readonly #part: Part;
  readonly #errors: ErrorReports;
  #members: readonly Member[] = [];

  constructor(part: Part, errors: ErrorReports) {
    this.#part = part;
    this.#errors = errors;
  }

  add(probe: SafeProbe): void {
    this.#choose([...this.#members, new Member(probe, probe.attached(this.#part), freeBit(this.#members))]);
  }

  remove(probe: SafeProbe): void {
    const gone = this.#members.find((member) => member.probe === probe);
    if (gone === undefined) return;
    this.#choose(this.#members.filter((member) => member !== gone));
    this.#detach(gone);
  }

  /** Tells that the part has closed. */
  close(): void {
    for (const member of this.#members) this.#detach(member);
  }

  #choose(members: readonly Member[]): void {
    this.#members = members;
    this.audience = members.length === 0 ? undefined : new Audience(members, this.#errors);
  }

  #detach(member: Member): void {
    try {
      member.attachment?.detached?.();
    } catch (error) {
      this.#errors.report('probe', error);
    }
  }
}

/** What a probe is told of an event that goes well. Without any of these it follows none. */
const FOLLOWING = ['accepted', 'started', 'settled', 'around'] as const;

/** A probe, and its hold on the part. */
class Member {
  readonly probe: SafeProbe;
  readonly attachment: Attachment | undefined;
  /** Of one that follows a few, or none. */
  readonly bit: number;

  constructor(probe: SafeProbe, attachment: Attachment | undefined, bit: number) {
    this.probe = probe;
    this.attachment = attachment;
    const followsAll = !this.isAsked && FOLLOWING.some((name) => probe.heeds(name));
    this.bit = followsAll ? 0 : bit;
  }

  /** Whether it decides which events it follows. */
  get isAsked(): boolean {
    return this.attachment?.samples !== undefined;
  }

  /** Whether it is told of how this one begins, and that it ends well. */
  follows({ followedBy }: Followed): boolean {
    return this.bit === 0 || (followedBy & this.bit) !== 0;
  }
}

/** Those probes, told in the order in which they came. Who comes while others are told is not told of it, nor is who has gone. */
export class Audience {
  /** Whether all of them follow a few only, or none: an event that none of them follows may go by the short ways. */
  readonly isSampling: boolean;
  /** Whether some of them must be asked which events they follow. */
  readonly isAsked: boolean;
  readonly #samplers: readonly Member[];
  readonly #onlySampler: Member | undefined;
  readonly #errors: ErrorReports;
  // Whoever has no callback costs nothing.
  readonly #accepted: readonly Member[];
  readonly #started: readonly Member[];
  readonly #retried: readonly Member[];
  readonly #burying: readonly Member[];
  readonly #settled: readonly Member[];
  readonly #dropped: readonly Member[];
  readonly #drained: readonly Member[];
  readonly #around: readonly Member[];

  constructor(members: readonly Member[], errors: ErrorReports) {
    const those = (name: keyof Probe): readonly Member[] => members.filter(({ probe }) => probe.heeds(name));
    this.#samplers = members.filter(({ isAsked }) => isAsked);
    this.#onlySampler = this.#samplers.length === 1 ? this.#samplers[0] : undefined;
    this.isAsked = this.#samplers.length > 0;
    this.isSampling = members.every(({ bit }) => bit !== 0);
    this.#errors = errors;
    this.#accepted = those('accepted');
    this.#started = those('started');
    this.#retried = those('retried');
    this.#burying = those('burying');
    this.#settled = those('settled');
    this.#dropped = those('dropped');
    this.#drained = those('drained');
    this.#around = those('around');
  }

  /** Which of those that follow a few follow this event. */
  sample(event: unknown): number {
    // Mostly, there is one at most.
    const only = this.#onlySampler;
    if (only !== undefined) return this.#ask(only, event);
    let followedBy = 0;
    for (const sampler of this.#samplers) followedBy |= this.#ask(sampler, event);
    return followedBy;
  }

  #ask({ attachment, bit }: Member, event: unknown): number {
    try {
      return attachment!.samples!(event) ? bit : 0;
    } catch (error) {
      this.#errors.report('probe', error);
      return 0;
    }
  }

  /** Whether somebody wants to know how this one has ended. */
  heedsEnd(handling: Followed, outcome: Outcome): boolean {
    if (outcome === 'dropped') return this.#dropped.length > 0;
    return this.#settled.length > 0 && (!this.isSampling || handling.followedBy !== 0 || outcome !== 'handled');
  }

  accepted(handling: Followed): void {
    for (const member of this.#accepted) if (member.follows(handling)) member.probe.tell('accepted', handling);
  }

  started(handling: Followed): void {
    for (const member of this.#started) if (member.follows(handling)) member.probe.tell('started', handling);
  }

  retried(handling: Followed, retry: Retry): void {
    for (const { probe } of this.#retried) probe.tell('retried', handling, retry);
  }

  settled(handling: Followed, settlement: Settlement): void {
    const isTrouble = settlement.outcome !== 'handled';
    for (const member of this.#settled) {
      if (isTrouble || member.follows(handling)) member.probe.tell('settled', handling, settlement);
    }
  }

  dropped(handling: Followed, reason: DropReason): void {
    for (const { probe } of this.#dropped) probe.tell('dropped', handling, reason);
  }

  drained(handler: string, report: DrainReport): void {
    for (const { probe } of this.#drained) probe.tell('drained', handler, report);
  }

  /** The headers for the letter of one that is dead, if there are any. */
  burying(handling: Followed, error: unknown): MessageHeaders | undefined {
    let headers: MessageHeaders | undefined;
    for (const { probe } of this.#burying) {
      const added = probe.burying(handling, error);
      if (added !== undefined) headers = Object.assign(headers ?? {}, added);
    }
    return headers;
  }

  /** Calls a handler within what each probe puts around it; the first one is the outermost. */
  around<Result>(handling: Followed, call: () => Result): Result {
    if (this.#around.length === 0) return call();
    const nest =
      (inner: () => Result, { probe }: Member) =>
      (): Result =>
        probe.around(handling, inner);
    return this.#around.filter((member) => member.follows(handling)).reduceRight(nest, call)();
  }
}

/** A bit that no other member has; of more than thirty samplers, some share one. */
function freeBit(members: readonly Member[]): number {
  const used = members.reduce((bits, { bit }) => bits | bit, 0);
  for (let bit = 1; bit < 2 ** 30; bit *= 2) if ((used & bit) === 0) return bit;
  return 1;
}
