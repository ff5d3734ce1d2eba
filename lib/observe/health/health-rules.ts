import { InvalidOptionError } from '../../core/errors.ts';
import { expectCount, expectDelay, expectOneOf, expectOptions, show } from '../../core/options.ts';

/** What a reason means: `live`: only a restart helps; `ready`: it should be sent no work for now. */
export type HealthSeverity = 'live' | 'ready';

/** A rule, as far as all are alike. */
export interface HealthRule {
  /** What it means if it is broken: `live` makes it neither live nor ready. @defaultValue 'live' for `stuck`, 'ready' for all others */
  readonly severity?: HealthSeverity;
}

/** What is not healthy. Each rule that is left out is checked by its defaults; one that is `false` is not checked. */
export interface HealthRules {
  /**
   * A handler's attempt runs for longer than `afterMs`. A handler with a `timeoutMs` never comes so far; one without can hang for good, and then only a restart helps. Set it well above what your
   * longest handler may take.
   * @defaultValue afterMs 120_000, severity 'live'
   */
  readonly stuck?: false | (HealthRule & { readonly afterMs?: number });
  /**
   * A handler of a bus in process, a processor or a channel has had no room for longer than `forMs`, at every snapshot that was taken. Projections and consumers of brokers have none whenever they have much to do: what is too much waits in the
   * store, or in the broker.
   * @defaultValue forMs 10_000
   */
  readonly full?: false | (HealthRule & { readonly forMs?: number });
  /** More than `maxPerMinute` events of one handler have died within the last minute. @defaultValue maxPerMinute 60 */
  readonly deadLetters?: false | (HealthRule & { readonly maxPerMinute?: number });
  /** A broker has been away for longer than `forMs`, or is closed. @defaultValue forMs 5_000 */
  readonly broker?: false | (HealthRule & { readonly forMs?: number });
  /** A projection is behind by more than `maxLag` positions, and has been behind for longer than `forMs`, at every snapshot that was taken. @defaultValue maxLag 1_000, forMs 30_000 */
  readonly lagging?: false | (HealthRule & { readonly forMs?: number; readonly maxLag?: number });
  /** A projection has stopped, as an event cannot be handled. */
  readonly stopped?: false | HealthRule;
  /** The circuit of a handler is open. */
  readonly circuit?: false | HealthRule;
  /** A bus, or a processor, is draining; or all that there was has closed. */
  readonly draining?: false | HealthRule;
}

/** A rule of which nothing is left open. */
type Complete<Rule> = Required<Exclude<Rule, false | undefined>>;

/** All rules; undefined are those that are off. */
export type CheckedRules = { readonly [Name in keyof HealthRules]-?: Complete<HealthRules[Name]> | undefined };

const DEFAULTS: { readonly [Name in keyof HealthRules]-?: Complete<HealthRules[Name]> } = {
  stuck: { severity: 'live', afterMs: 120_000 },
  full: { severity: 'ready', forMs: 10_000 },
  deadLetters: { severity: 'ready', maxPerMinute: 60 },
  broker: { severity: 'ready', forMs: 5_000 },
  lagging: { severity: 'ready', forMs: 30_000, maxLag: 1_000 },
  stopped: { severity: 'ready' },
  circuit: { severity: 'ready' },
  draining: { severity: 'ready' },
};

/** @throws InvalidOptionError for a rule that cannot work, or does not exist: it would watch over nothing */
export function checkedRules(rules: HealthRules): CheckedRules {
  expectKnown('rules', expectOptions('rules', rules), DEFAULTS);
  return {
    stuck: checkedRule('stuck', rules.stuck, DEFAULTS.stuck),
    full: checkedRule('full', rules.full, DEFAULTS.full),
    deadLetters: checkedRule('deadLetters', rules.deadLetters, DEFAULTS.deadLetters),
    broker: checkedRule('broker', rules.broker, DEFAULTS.broker),
    lagging: checkedRule('lagging', rules.lagging, DEFAULTS.lagging),
    stopped: checkedRule('stopped', rules.stopped, DEFAULTS.stopped),
    circuit: checkedRule('circuit', rules.circuit, DEFAULTS.circuit),
    draining: checkedRule('draining', rules.draining, DEFAULTS.draining),
  };
}

function checkedRule<Rule extends Required<HealthRule>>(
  name: string,
  rule: false | Partial<Rule> | undefined,
  defaults: Rule,
): Rule | undefined {
  if (rule === false) return undefined;
  const complete = { ...defaults, ...expectOptions(name, rule) };
  expectKnown(name, complete, defaults);
  expectOneOf(`${name}.severity`, complete.severity, ['live', 'ready']);
  for (const [limit, value] of Object.entries<unknown>(complete)) {
    if (limit !== 'severity') expectLimit(`${name}.${limit}`, value as number);
  }
  return complete;
}

/** What a limit may be goes by its unit. */
function expectLimit(name: string, value: number): void {
  if (name.endsWith('Ms')) expectDelay(name, value);
  else expectCount(name, value, 0);
}

function expectKnown(name: string, given: object, known: object): void {
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(known, key));
  if (unknown === undefined) return;
  const names = Object.keys(known).join(', ');
  throw new InvalidOptionError(`Expected ${name} to have no more than ${names}, got ${show(unknown)}.`);
}
