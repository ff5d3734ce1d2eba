import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryBroker } from 'millrace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ledger, ServiceLedger } from '../../demos/brokers/ledger.ts';
import type { Progress } from '../../demos/brokers/services/reports.ts';
import { type Remains, summarize } from '../../demos/brokers/summary.ts';
import { ReplayCounts } from '../../demos/sign-up/world/replay.ts';

const EVENTS = ['e1', 'e2', 'e3'];

describe('what is noted of a service', () => {
  it('is through when each event was handled or given up, and none is at work', () => {
    const ledger = new ServiceLedger();
    expect(ledger.isThrough(EVENTS)).toBe(false);
    noteAll(ledger, 'taken');
    expect(ledger.isThrough(EVENTS)).toBe(false);
    noteAll(ledger, 'handled');
    expect(ledger.isThrough(EVENTS)).toBe(true);
    // A killed process had not acknowledged it: it comes again.
    ledger.note({ kind: 'progress', event: 'e2', progress: 'taken' });
    expect(ledger.isThrough(EVENTS)).toBe(false);
    ledger.note({ kind: 'progress', event: 'e2', progress: 'handed back' });
    expect(ledger.isThrough(EVENTS)).toBe(false);
    ledger.note({ kind: 'progress', event: 'e2', progress: 'dead' });
    expect(ledger.isThrough(EVENTS)).toBe(true);
    expect(ledger).toMatchObject({ handled: 3, done: 3, handedBack: 1, dead: 1 });
  });

  it('counts what is handled again', () => {
    const ledger = new ServiceLedger();
    noteAll(ledger, 'handled');
    noteAll(ledger, 'handled');
    expect(ledger).toMatchObject({ handled: 6, done: 3 });
  });
});

describe('the summary of the brokers demo', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brokers-summary-spec-'));
  });

  afterAll(async () => rm(folder, { recursive: true }));

  it('holds when all is there, also more than once', async () => {
    expect(await wrongOf({})).toStrictEqual([]);
    expect(await wrongOf({ audited: ['e1', 'e2', 'e1', 'e3'] })).toStrictEqual([]);
    const { lines } = await summarize(await remainsOf({ audited: ['e1', 'e2', 'e1', 'e3'] }));
    expect(lines.join('\n')).toContain('✓ lines in the audit log      4 = 3 of sign-ups confirmed + 1 repeated');
  });

  it('finds a mail that was never sent, and one of somebody who has not signed up', async () => {
    expect(await wrongOf({ mailed: ['e1', 'e3'] })).toStrictEqual(['sign-ups confirmed']);
    expect(await wrongOf({ mailed: [...EVENTS, 'e4'] })).toStrictEqual(['mails in mailboxes']);
  });

  it('finds a line that was never written, and one of nobody', async () => {
    expect(await wrongOf({ audited: ['e1', 'e2'] })).toStrictEqual(['the same sign-ups']);
    expect(await wrongOf({ audited: [...EVENTS, 'e4'] })).toStrictEqual(['lines in the audit log']);
  });

  it('finds an event that the broker has lost, or has twice without a reason', async () => {
    expect(await wrongOf({ onBroker: 2 })).toStrictEqual(['events on the broker']);
    expect(await wrongOf({ onBroker: 4 })).toStrictEqual(['events on the broker']);
    expect(await wrongOf({ onBroker: 4, kill: 'web' })).toStrictEqual([]);
    expect(await wrongOf({ onBroker: 2, kill: 'web' })).toStrictEqual(['events on the broker']);
  });

  it('finds what is left, and a letter that has got lost', async () => {
    expect(await wrongOf({ unsettled: 1 })).toStrictEqual(['left on the broker']);
    expect(await wrongOf({ letters: 2 })).toStrictEqual(['dead letters on the broker']);
  });

  interface World {
    readonly mailed?: readonly string[];
    readonly audited?: readonly string[];
    readonly onBroker?: number;
    readonly unsettled?: number;
    readonly letters?: number;
    readonly kill?: 'mail' | 'web';
  }

  async function remainsOf(world: World): Promise<Remains> {
    const { mailed = EVENTS, audited = EVENTS, onBroker = 3, unsettled = 0, letters = 1, kill = 'mail' } = world;
    const ledger = new Ledger();
    for (const eventId of EVENTS) ledger.noteAnswer({ code: 'accepted', userId: eventId, eventId });
    ledger.noteAnswer({ code: 'duplicate' });
    ledger.mail.note({
      kind: 'redriven',
      report: { redriven: 1, handled: 1, dead: 0, dropped: 0, skipped: 0 },
    });
    const auditFile = join(folder, 'audit.ndjson');
    await writeFile(auditFile, audited.map((event) => `${JSON.stringify({ event })}\n`).join(''));
    const broker = memoryBroker();
    const replayed = Object.assign(new ReplayCounts(), { answers: { accepted: 3 }, requests: 3 });
    const life = { starts: 1, kills: { opening: 0, ready: 0 } };
    return {
      options: { kill },
      ledger,
      replayed,
      mailboxes: {
        attempts: 3,
        later: 0,
        repeated: 0,
        unanswered: 0,
        taken: new Set(mailed.map((event) => `${event}@sign-up.example`)),
      },
      auditFile,
      world: {
        events: async () => onBroker,
        unsettled: async () => unsettled,
        letters: () => broker.letterStore('mail'),
      },
      letters,
      crew: { web: { name: 'web', ...life }, mail: { name: 'mail', ...life }, audit: { name: 'audit', ...life } },
    };
  }

  async function wrongOf(world: World): Promise<readonly string[]> {
    const { lines, holds } = await summarize(await remainsOf(world));
    const wrong = lines.filter((line) => line.startsWith('✗')).map((line) => line.slice(2).split(/ {2,}/)[0]!);
    expect(holds).toBe(wrong.length === 0);
    return wrong;
  }
});

function noteAll(ledger: ServiceLedger, progress: Progress): void {
  for (const event of EVENTS) ledger.note({ kind: 'progress', event, progress });
}
