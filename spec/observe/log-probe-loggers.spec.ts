import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import { createEventBus, logProbe, type LogTarget } from 'millrace';
import { pino } from 'pino';
import { throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import winston from 'winston';
import { Tick } from '../support/events.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

/** Where a logger writes to: the lines that have come out of it, as data. */
class Lines extends Writable {
  readonly all: Record<string, unknown>[] = [];
  readonly #delayMs: number;

  constructor(delayMs = 0) {
    super({ highWaterMark: 1 });
    this.#delayMs = delayMs;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    for (const line of chunk.toString().trim().split('\n')) this.all.push(JSON.parse(line));
    if (this.#delayMs === 0) done();
    else setTimeout(done, this.#delayMs);
  }
}

class MailError extends Error {
  override readonly name = 'MailError';
  readonly code = 'ESMTP';
  readonly request = { to: 'secret' };
}

/** A bus whose handler fails at the first event twice, and then is dead. */
async function failOnce(logger: LogTarget): Promise<void> {
  const bus = createEventBus({ name: 'shop', createId: () => 'id', probe: logProbe(logger, { payloads: true }) });
  const error = new MailError('smtp down', { cause: new Error('refused') });
  bus.on(Tick, () => throwError(() => error), { name: '100%s mail', retry: { maxAttempts: 2, delayMs: 0 } });
  await bus.publish(Tick, 7);
}

/** What every logger is told of it, whatever it makes of the error. */
const told = [
  { kind: 'retry', handler: '100%s mail', owner: { name: 'shop' }, event: { type: 'tick', id: 'id' }, payload: 7 },
  { kind: 'dead-letter', reason: 'exhausted', attempts: 2, deadLetterId: 'id', payload: 7 },
];
const texts = ['100％s mail failed at tick and tries again', '100％s mail gave up on tick: exhausted'];

describe('pino', () => {
  it('is given object and text, and makes of the error what it makes of errors', async () => {
    const out = new Lines();
    await failOnce(pino(out));
    expect(out.all).toMatchObject(told);
    expect(out.all.map(({ level }) => level)).toEqual([40, 50]);
    expect(out.all.map(({ msg }) => msg)).toEqual(texts);
    const [retry, dead] = out.all.map(({ err }) => err);
    expect(retry).toMatchObject({ type: 'MailError', message: 'smtp down: refused', code: 'ESMTP' });
    expect(dead).toMatchObject({
      type: 'MailError',
      message: 'smtp down: refused',
      stack: expect.stringMatching(/MailError: smtp down\n[^]*caused by: Error: refused/),
    });
    expect(JSON.stringify(out.all)).not.toContain('secret');
  });

  it('may be a child', async () => {
    const out = new Lines();
    await failOnce(pino(out).child({ service: 'billing' }));
    expect(out.all).toMatchObject([{ service: 'billing', kind: 'retry', msg: texts[0] }, { service: 'billing' }]);
  });

  it('may be its build for browsers', async () => {
    const browser = createRequire(import.meta.url)('pino/browser') as typeof pino;
    const lines: unknown[] = [];
    const keep = (line: unknown): void => void lines.push(line);
    await failOnce(browser({ browser: { write: keep } }));
    expect(lines).toMatchObject([
      { ...told[0], msg: texts[0], err: { name: 'MailError', message: 'smtp down' } },
      { ...told[1], msg: texts[1] },
    ]);
  });

  it('is not troubled with what its level leaves out', async () => {
    const out = new Lines();
    await failOnce(pino({ level: 'error' }, out));
    expect(out.all).toMatchObject([{ kind: 'dead-letter' }]);
  });

  it('may write later, in its own time', async () => {
    const out = new Lines(20);
    await failOnce(pino(out));
    expect(out.all.length).toBeLessThan(2);
    await vi.waitFor(() => expect(out.all).toMatchObject(told));
  });
});

describe('winston', () => {
  const loggerTo = (out: Lines, options: winston.LoggerOptions = {}): winston.Logger =>
    winston.createLogger({ transports: [new winston.transports.Stream({ stream: out })], ...options });

  it.each([
    ['json', winston.format.json()],
    [
      'splat and errors',
      winston.format.combine(winston.format.errors({ stack: true }), winston.format.splat(), winston.format.json()),
    ],
  ])('is given text and object, and keeps both with its format %s', async (_name, format) => {
    const out = new Lines();
    await failOnce(loggerTo(out, { format }));
    await vi.waitFor(() => expect(out.all.length).toBe(2));
    expect(out.all).toMatchObject(told);
    expect(out.all.map(({ level }) => level)).toEqual(['warn', 'error']);
    expect(out.all.map(({ message }) => message)).toEqual(texts);
    expect(out.all[1]?.['err']).toEqual({
      name: 'MailError',
      message: 'smtp down',
      code: 'ESMTP',
      stack: expect.stringContaining('MailError: smtp down'),
      cause: { name: 'Error', message: 'refused', stack: expect.any(String) },
    });
    expect(JSON.stringify(out.all)).not.toContain('secret');
  });

  it('may be a child', async () => {
    const out = new Lines();
    await failOnce(loggerTo(out).child({ service: 'billing' }));
    await vi.waitFor(() => expect(out.all).toMatchObject([{ service: 'billing', ...told[0] }, told[1]!]));
  });

  it('is not troubled with what its level leaves out', async () => {
    const out = new Lines();
    await failOnce(loggerTo(out, { level: 'error' }));
    await vi.waitFor(() => expect(out.all).toMatchObject([{ kind: 'dead-letter' }]));
  });

  it('may have a slow transport: events do not wait for it, and its buffer does not grow with a flood', async () => {
    const out = new Lines(5);
    const logger = loggerTo(out);
    const bus = createEventBus({ probe: logProbe(logger, { scheduler: new VirtualClock() }) });
    bus.on(Tick, () => throwError(() => new Error('no')), { name: 'mail' });
    for (let value = 0; value < 5_000; value++) bus.emit(Tick, value);
    expect(bus.stats().handlers[0]).toMatchObject({ dead: 5_000, pending: 0 });
    bus.close();
    await vi.waitFor(() => expect(out.all.length).toBe(11));
    expect(out.all[10]).toMatchObject({ leftOut: 4_990 });
  });

  it('may have a transport that fails, which is its own affair', async () => {
    const out = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) });
    const logger = winston.createLogger({ transports: [new winston.transports.Stream({ stream: out })] });
    const failed = once(out, 'error');
    await failOnce(logger);
    await failed;
    await settled();
  });
});

describe('console', () => {
  it('is given text and object', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue(undefined);
    const error = vi.spyOn(console, 'error').mockReturnValue(undefined);
    try {
      await failOnce(console);
      expect(warn.mock.calls).toMatchObject([[texts[0], told[0]]]);
      expect(error.mock.calls).toMatchObject([[texts[1], told[1]]]);
      expect(warn.mock.contexts).toEqual([console]);
    } finally {
      vi.restoreAllMocks();
    }
  });
});

describe('any other logger', () => {
  it('may have its order named', async () => {
    const lines: unknown[][] = [];
    const write = (...line: readonly unknown[]): void => void lines.push([...line]);
    const logger = { info: write, warn: write, error: write };
    const bus = createEventBus({ probe: logProbe(logger, { style: 'object-first' }) });
    bus.on(Tick, () => throwError(() => 'no'), { name: 'mail' });
    bus.emit(Tick, 1);
    expect(lines).toMatchObject([[{ kind: 'dead-letter' }, 'mail gave up on tick: exhausted']]);
  });

  it('is taken for bunyan, if it takes serializers later', () => {
    const lines: unknown[][] = [];
    const write = (...line: readonly unknown[]): void => void lines.push([...line]);
    const logger = { info: write, warn: write, error: write, addSerializers: write };
    const bus = createEventBus({ probe: logProbe(logger) });
    bus.on(Tick, () => throwError(() => 'no'), { name: 'mail' });
    bus.emit(Tick, 1);
    expect(lines).toMatchObject([[{ kind: 'dead-letter' }, 'mail gave up on tick: exhausted']]);
  });
});
