import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CapabilityName } from 'millrace';
import type { SeamReport } from './ledger.ts';
import type { BrokerRig } from './rig.ts';
import { SeamRun } from './seam-run.ts';
import { SEAMS } from './cases/index.ts';
import type { Seam } from './seam.ts';

/** 0.1 in CI: a thousand messages; `npm run soak -- brokers` has 1. */
const SCALE = Number(process.env['MILLRACE_SCALE'] ?? 0.1);

/** A spec for each seam of a broker; each prints what it has counted. */
export function describeSeams(title: string, openRig: () => Promise<BrokerRig | undefined>): void {
  describe(`${title}, in its seams,`, () => {
    let rig: BrokerRig | undefined;

    beforeAll(async () => {
      rig = await openRig();
    }, 90_000);

    afterAll(async () => rig?.[Symbol.asyncDispose](), 30_000);

    for (const seam of SEAMS) {
      it(seam.name, { timeout: 60_000 + SCALE * 600_000 }, async ({ skip }) => {
        const reason = skipReason(rig, seam);
        skip(reason !== undefined, reason);
        const { confirmed, handled, dead } = await runSeam(rig!, seam);
        expect(handled + dead).toBe(confirmed);
        expect(confirmed).toBeGreaterThan(0);
      });
    }
  });
}

/** Why a seam is no matter of a broker, or cannot be tried here. */
function skipReason(rig: BrokerRig | undefined, { needs, isSpawning = false }: Seam): string | undefined {
  if (rig === undefined) return 'no such server on this machine';
  const { capabilities, target } = rig;
  const missing = Object.keys(needs).filter((name) => capabilities[name as CapabilityName] === false);
  if (missing.length > 0) return `not claimed: ${missing.join(', ')}`;
  return isSpawning && target === undefined ? 'no other process can reach it' : undefined;
}

/** Runs a seam, and prints what it has counted. */
export async function runSeam(
  rig: BrokerRig,
  seam: Seam,
  scale: number = SCALE,
  limitMs: number = 20_000 + scale * 300_000,
): Promise<SeamReport> {
  const start = performance.now();
  const run = new SeamRun(rig, scale, limitMs);
  try {
    const report = await seam.run(run);
    console.info(inWords(rig, seam, report, performance.now() - start));
    return report;
  } finally {
    await run.close();
  }
}

function inWords(
  { title }: BrokerRig,
  { name }: Seam,
  { confirmed, handled, dead, repeats, unknown, outside }: SeamReport,
  tookMs: number,
): string {
  const count = (number: number): string => number.toLocaleString('en');
  return `${title} ${name}: ${count(confirmed)} confirmed = ${count(handled)} handled + ${count(dead)} dead, ${count(repeats)} repeats, ${count(unknown)} given up, ${count(outside)} seen from outside, ${(tookMs / 1_000).toFixed(1)} s`;
}
