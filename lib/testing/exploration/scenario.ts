import type { Handler, HandlerContext, HandlerFunction } from '../../process/handler.ts';
import { timeline, type Timeline, type WatchableBus } from '../picture/timeline.ts';
import { isStrictlyEqual } from '../strict-equality.ts';
import { runVirtually, type VirtualTestContext } from '../virtual/virtual-run.ts';
import { chanceHandler, type Odds } from './chance-handler.ts';
import { ListedSchedule, type Schedule } from './schedule.ts';

/** What a scenario is given: a virtual test's context, and the decisions of this run. */
export interface ExplorationContext extends VirtualTestContext {
  /** The decisions of this run: what you ask of it is explored. */
  readonly schedule: Schedule;
  /** A handler whose calls end in the order, and in the way, that the schedule decides. */
  readonly flaky: <Item, Context extends HandlerContext = HandlerContext>(
    handler: Handler<Item, Context>,
    odds?: Odds,
  ) => HandlerFunction<Item, Context>;
  /** Watches a bus, or whatever is given its probe, and is shown if this run fails. */
  readonly timeline: (bus?: WatchableBus) => Timeline;
}

/** A program to be run in many orders. It throws, or expects in vain, when something is wrong. */
export type Scenario = (context: ExplorationContext) => Promise<void> | void;

/** What a run is held to. */
export interface RunLimits {
  readonly maxTimers: number;
  readonly pendingTimers: 'fail' | 'ignore';
}

/**
 * Runs a scenario once.
 *
 * @param numbers - what its schedule decides by
 * @param stackDepth - of errors; without stacks, all goes faster
 * @param onEnd - called at the end, while time is still virtual, with what the scenario has watched
 * @throws what fails
 */
export async function runScenario(
  scenario: Scenario,
  numbers: readonly number[],
  limits: RunLimits,
  stackDepth: number = 0,
  onEnd?: (timelines: readonly Timeline[]) => void,
): Promise<void> {
  const timelines: Timeline[] = [];
  const schedule = new ListedSchedule(numbers);
  const body = (context: VirtualTestContext): Promise<void> | void =>
    scenario({
      ...context,
      schedule,
      flaky: (handler, odds) => chanceHandler(schedule, handler, odds),
      timeline: (bus) => {
        const picture = bus === undefined ? timeline() : timeline(bus);
        timelines.push(picture);
        return picture;
      },
    });
  await runVirtually(body, {
    startAt: 0,
    seed: 1,
    // Nothing comes from outside.
    patienceMs: 5,
    stackDepth,
    isEqual: isStrictlyEqual,
    onEnd: () => onEnd?.(timelines),
    maxTimers: limits.maxTimers,
    pendingTimers: limits.pendingTimers,
  });
}
