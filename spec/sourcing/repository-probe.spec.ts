import {
  createRepository,
  type EventMessage,
  type EventStore,
  memoryEventStore,
  type Part,
  type Probe,
  type RecordedEvent,
  type ReportedError,
  VersionConflictError,
} from 'millrace';
import { describe, expect, it } from 'vitest';
import { Account, create, deposit } from '../support/account.ts';
import { appendingBy, inTurn, lostAfter } from '../support/lossy-store.ts';

const at = { retry: { delayMs: 0 } };

/** A probe that numbers what is sent, and writes down what becomes of it. */
function postman(): { probe: Probe; lines: string[]; parts: Set<Part> } {
  const lines: string[] = [];
  const parts = new Set<Part>();
  let number = 0;
  const say = (what: string, { type, headers }: EventMessage): void =>
    void lines.push(`${what} ${type} ${headers['number'] ?? ''}`.trim());
  const probe: Probe = {
    publishing: (message, by) => {
      parts.add(by);
      say('publishing', message);
      return { number: String(++number) };
    },
    published: (message, error) => say(error === undefined ? 'published' : (error as Error).name, message),
  };
  return { probe, lines, parts };
}

async function eventsOf(store: EventStore): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const event of store.readAll()) events.push(event);
  return events;
}

describe('the probe of a repository', () => {
  it('is told of each event before and after its append, and adds headers, which callers see, too', async () => {
    const { probe, lines, parts } = postman();
    const store = memoryEventStore();
    const accounts = createRepository(store, Account, { probe });
    const { events } = await accounts.execute('ada', create('Ada'), { headers: { tenant: 'acme' } });
    expect(lines).toStrictEqual([`publishing ${events[0]!.type}`, `published ${events[0]!.type} 1`]);
    expect(events[0]!.headers).toStrictEqual({ tenant: 'acme', number: '1' });
    expect((await eventsOf(store))[0]).toMatchObject(events[0]!);
    expect([...parts]).toMatchObject([{ kind: 'repository', name: Account.name }]);
    expect([...parts][0]!.stats()).toStrictEqual({});
  });

  it('is told why events were not appended, and of them again when they are decided again', async () => {
    const { probe, lines } = postman();
    const store = memoryEventStore();
    await createRepository(store, Account).execute('ada', create('Ada'));
    const conflicting = inTurn(() => Promise.reject(new VersionConflictError('account-ada', 1, 2)));
    const accounts = createRepository(appendingBy(store, conflicting), Account, { ...at, probe });
    const { events } = await accounts.execute('ada', deposit(1));
    const { type } = events[0]!;
    expect(lines).toStrictEqual([
      `publishing ${type}`,
      `VersionConflictError ${type} 1`,
      `publishing ${type}`,
      `published ${type} 2`,
    ]);
    expect(events[0]!.headers).toStrictEqual({ number: '2' });
  });

  it('is told once of events whose append is repeated, as its answer was lost', async () => {
    const { probe, lines } = postman();
    const store = memoryEventStore();
    const accounts = createRepository(appendingBy(store, inTurn(lostAfter)), Account, { ...at, probe });
    await accounts.execute('ada', create('Ada'));
    expect(lines.map((line) => line.split(' ')[0])).toStrictEqual(['publishing', 'published']);
    expect((await eventsOf(store))[0]!.headers).toStrictEqual({ number: '1' });
  });

  it('harms no command, whatever it throws', async () => {
    const boom = (): never => {
      throw new Error('boom');
    };
    const store = memoryEventStore();
    const accounts = createRepository(store, Account, {
      probe: [{ publishing: boom, published: boom }, postman().probe],
    });
    const errors: ReportedError[] = [];
    accounts.errors.subscribe((error) => errors.push(error));
    await accounts.execute('ada', create('Ada'));
    expect(errors.map(({ kind }) => kind)).toStrictEqual(['probe', 'probe']);
    expect((await eventsOf(store))[0]!.headers).toStrictEqual({ number: '1' });
  });

  it('is told nothing of what is refused before', async () => {
    const { probe, lines } = postman();
    const accounts = createRepository(memoryEventStore(), Account, { probe });
    await expect(accounts.execute('ada', deposit(1))).rejects.toThrow();
    expect(lines).toStrictEqual([]);
    expect(() => createRepository(memoryEventStore(), Account, { probe: 1 as never })).toThrow(
      'Expected a probe to be an object of callbacks',
    );
  });
});
