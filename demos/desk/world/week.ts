import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertEndpoint } from '../../shared/earthquakes/alert-endpoint.ts';
import { type Quake, QuakeReported } from '../../shared/earthquakes/events.ts';
import type { Desk } from '../server/desk.ts';

const HOUR_MS = 3_600_000;
/** On the fifth day, when the first of the great quakes of Hualien comes. */
const OUTAGE = { from: 108 * HOUR_MS, until: 109.5 * HOUR_MS };
/** Reports at a time. */
const MOST = 200;
/** A stop is heard so soon. */
const LONGEST_WAIT_MS = 50;

export interface ReplayOptions {
  readonly quakes: readonly Quake[];
  readonly desk: Desk;
  readonly endpoint: Pick<AlertEndpoint, 'break' | 'heal'>;
  /** Simulated seconds per second. */
  readonly speed: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Replays the week. What the log has already is told again at once, so that the handlers know it; the rest comes at its pace. For a while in the middle, the alert
 * endpoint is broken: the week waits at both ends until all alerts have ended, so that the same alerts die at any speed.
 */
export async function replayWeek({ quakes, desk, endpoint, speed, say, signal }: ReplayOptions): Promise<void> {
  const [first] = quakes;
  if (first === undefined) return;
  const outage = [OUTAGE.from, OUTAGE.until].map((after) => indexAt(quakes, first.properties.time + after));
  const [breaks = 0, heals = 0] = outage;
  const known = quakes.findIndex(({ id }) => !desk.log.has(id));
  const next = known < 0 ? quakes.length : known;

  if (next > breaks && next < heals) endpoint.break();
  await tell(quakes.slice(0, next));
  await play(next, breaks);
  if (next <= breaks && !signal.aborted) {
    endpoint.break();
    say('The alert endpoint breaks: from now on it answers HTTP 500 to everything.');
  }
  await play(Math.max(next, breaks), heals);
  endpoint.heal();
  if (next <= heals && !signal.aborted) say('Somebody repairs the endpoint. The alerts that died wait to be redriven.');
  await play(Math.max(next, heals), quakes.length);

  async function play(from: number, until: number): Promise<void> {
    if (from >= until) return;
    const startedAt = performance.now();
    const start = quakes[from]!.properties.time;
    for (let at = from; at < until && !signal.aborted;) {
      const now = start + (performance.now() - startedAt) * speed;
      const due = quakes.slice(at, Math.min(until, at + MOST)).filter(({ properties }) => properties.time <= now);
      await tell(due);
      at += due.length;
      if (due.length === 0) await sleep(Math.min((quakes[at]!.properties.time - now) / speed, LONGEST_WAIT_MS));
    }
    if (!signal.aborted) await desk.alerts.projection.caughtUp({ signal }).catch(unlessStopped);
  }

  async function tell(reports: readonly Quake[]): Promise<void> {
    for (let at = 0; at < reports.length && !signal.aborted; at += MOST) {
      const some = reports.slice(at, at + MOST);
      await Promise.all(
        some.map(async (quake) =>
          desk.bus.publish(QuakeReported, quake, { id: quake.id, time: quake.properties.time }),
        ),
      );
    }
  }

  function unlessStopped(error: unknown): void {
    if (!signal.aborted) throw error;
  }
}

/** The first quake at a time or after it. */
function indexAt(quakes: readonly Quake[], time: number): number {
  const index = quakes.findIndex(({ properties }) => properties.time >= time);
  return index < 0 ? quakes.length : index;
}
