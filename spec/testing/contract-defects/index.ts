import { carriageDefects } from './carriage.ts';
import type { Defect } from './defect.ts';
import { durabilityDefects } from './durability.ts';
import { groupDefects } from './groups.ts';
import { lifeDefects } from './life.ts';
import { orderDefects } from './order.ts';
import { restartDefects } from './restart.ts';
import { settlementDefects } from './settlement.ts';

/** At least one broken broker for each case of the contract. */
export const DEFECTS: readonly Defect[] = [
  ...carriageDefects,
  ...groupDefects,
  ...settlementDefects,
  ...orderDefects,
  ...durabilityDefects,
  ...lifeDefects,
  ...restartDefects,
];
