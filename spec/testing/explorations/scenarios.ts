import type { Scenario } from 'millrace/testing';
import { batchScenario } from './batch.ts';
import { busOrderScenario } from './bus-order.ts';
import { channelScenario } from './channel.ts';
import { engineScenario } from './engine.ts';

/** What is explored, by name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  batch: batchScenario,
  'bus-order': busOrderScenario,
  channel: channelScenario,
  engine: engineScenario,
};
