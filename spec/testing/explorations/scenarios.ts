import type { Scenario } from 'millrace/testing';
import { engineScenario } from './engine.ts';

/** What is explored, by name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  engine: engineScenario,
};
