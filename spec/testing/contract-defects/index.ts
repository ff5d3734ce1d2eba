import { atomicPublishDefects } from './atomic-publish.ts';
import { carriageDefects } from './carriage.ts';
import type { Defect } from './defect.ts';
import { durabilityDefects } from './durability.ts';
import { ephemeralGroupDefects } from './ephemeral-groups.ts';
import { groupDefects } from './groups.ts';
import { letterStoreDefects } from './letter-stores.ts';
import { lifeDefects } from './life.ts';
import { orderDefects } from './order.ts';
import { restartDefects } from './restart.ts';
import { settlementDefects } from './settlement.ts';
import { stateDefects } from './states.ts';

/** At least one broken broker for each case of the contract. */
export const DEFECTS: readonly Defect[] = [
  ...carriageDefects,
  ...groupDefects,
  ...ephemeralGroupDefects,
  ...settlementDefects,
  ...atomicPublishDefects,
  ...letterStoreDefects,
  ...orderDefects,
  ...durabilityDefects,
  ...lifeDefects,
  ...stateDefects,
  ...restartDefects,
];
