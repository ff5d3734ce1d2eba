import { type BrokerCapabilities, CAPABILITY_LEVELS, type CapabilityName } from '../../broker/broker-capabilities.ts';
import { InvalidOptionError } from '../../core/errors.ts';
import { expectOptions, show } from '../../core/options.ts';

/** What a broker is tested for; a capability that is not claimed has its weakest level. */
export function checkedClaims(claims: Partial<BrokerCapabilities>): BrokerCapabilities {
  if (claims === undefined) {
    throw new InvalidOptionError(`Expected capabilities, such as broker.capabilities, got none.`);
  }
  for (const name of Object.keys(expectOptions('capabilities', claims))) expectClaim(claims, name);
  const weakest = Object.fromEntries(names().map((name) => [name, CAPABILITY_LEVELS[name][0]]));
  return { ...(weakest as unknown as BrokerCapabilities), ...claims };
}

/** The capabilities among `needs` that the claims do not reach, as `name: level`. */
export function unclaimed(claims: Partial<BrokerCapabilities>, needs: Partial<BrokerCapabilities>): readonly string[] {
  return names()
    .filter((name) => needs[name] !== undefined && rank(name, claims) < rank(name, needs))
    .map((name) => `${name}: ${String(needs[name])}`);
}

function expectClaim(claims: Partial<BrokerCapabilities>, name: string): void {
  if (!isName(name)) {
    throw new InvalidOptionError(`Expected a capability, got ${show(name)}. There are ${names().join(', ')}.`);
  }
  if (claims[name] === undefined || rank(name, claims) >= 0) return;
  throw new InvalidOptionError(
    `Expected the capability '${name}' to be ${CAPABILITY_LEVELS[name].map(show).join(' or ')}, got ${show(claims[name])}.`,
  );
}

function names(): readonly CapabilityName[] {
  return Object.keys(CAPABILITY_LEVELS) as CapabilityName[];
}

function isName(name: string): name is CapabilityName {
  return Object.hasOwn(CAPABILITY_LEVELS, name);
}

function rank(name: CapabilityName, { [name]: level }: Partial<BrokerCapabilities>): number {
  const levels: readonly unknown[] = CAPABILITY_LEVELS[name];
  return level === undefined ? 0 : levels.indexOf(level);
}
