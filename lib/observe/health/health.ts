import { InvalidOptionError } from '../../core/errors.ts';
import { show } from '../../core/options.ts';
import type { InspectorSnapshot } from '../inspector/snapshot.ts';
import { brokenRules, type HealthReason } from './broken-rules.ts';
import { checkedRules, type HealthRules } from './health-rules.ts';

/** Whether a program is well: plain data, to be sent as it is. */
export interface Health {
  /** Whether it does its work, or will again by itself. If not, restart it. */
  readonly isLive: boolean;
  /** Whether it should be given work now. */
  readonly isReady: boolean;
  /** Every rule that is broken, and by what; empty if all is well. */
  readonly reasons: readonly HealthReason[];
}

/**
 * Says whether a program is live and ready, by what its inspector sees. To be called whenever somebody asks, by however many ask, with the same rules or with others: whatever takes time is counted by the inspector, and no call changes what
 * another one is told.
 *
 * @param rules - what is not healthy. @defaultValue every rule, with its defaults
 * @throws InvalidOptionError for a rule that cannot work, or does not exist
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { createInspector, health } from 'millrace';
 *
 * const inspector = createInspector(); // and `probe: inspector` in the options of each bus
 * const readyz = createServer((_, response) => {
 *   const { isReady, reasons } = health(inspector, { stuck: { afterMs: 60_000 }, deadLetters: { maxPerMinute: 10 } });
 *   response.writeHead(isReady ? 200 : 503, { 'content-type': 'application/json' });
 *   response.end(JSON.stringify({ isReady, reasons }));
 * }).listen(0);
 * ```
 */
export function health(inspector: { snapshot(): InspectorSnapshot }, rules: HealthRules = {}): Health {
  const checked = checkedRules(rules);
  if (typeof inspector?.snapshot !== 'function') {
    throw new InvalidOptionError(`Expected an inspector, as createInspector makes it, got ${show(inspector)}.`);
  }
  const reasons = brokenRules(checked, inspector.snapshot());
  const isLive = reasons.every(({ severity }) => severity !== 'live');
  return { isLive, isReady: reasons.length === 0, reasons };
}
