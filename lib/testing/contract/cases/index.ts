import type { CaseDefinition } from '../case-definition.ts';
import { atomicPublishCases } from './atomic-publish.ts';
import { carriageCases } from './carriage.ts';
import { deadLetterCases } from './dead-letters.ts';
import { declarationCases } from './declarations.ts';
import { durabilityCases } from './durability.ts';
import { ephemeralGroupCases } from './ephemeral-groups.ts';
import { flowControlCases } from './flow-control.ts';
import { groupCases } from './groups.ts';
import { leaseCases } from './leases.ts';
import { letterStoreCases } from './letter-stores.ts';
import { lifeCases } from './life.ts';
import { orderCases } from './order.ts';
import { publishingCases } from './publishing.ts';
import { redeliveryCases } from './redelivery.ts';
import { replayCases } from './replay.ts';
import { restartCases } from './restart.ts';
import { routingCases } from './routing.ts';
import { settlementCases } from './settlement.ts';
import { stateCases } from './states.ts';

/** All that a broker can promise. */
export const brokerCases: readonly CaseDefinition[] = [
  ...declarationCases,
  ...carriageCases,
  ...publishingCases,
  ...routingCases,
  ...groupCases,
  ...ephemeralGroupCases,
  ...settlementCases,
  ...atomicPublishCases,
  ...redeliveryCases,
  ...deadLetterCases,
  ...letterStoreCases,
  ...leaseCases,
  ...orderCases,
  ...flowControlCases,
  ...durabilityCases,
  ...replayCases,
  ...lifeCases,
  ...stateCases,
  ...restartCases,
];
