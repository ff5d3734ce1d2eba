import { assert, array, double, integer, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../demos/sign-up/watch/draw-trace.ts';
import { type ReceivedSpan, spansOf } from '../../demos/sign-up/watch/received-span.ts';
import { Scrape } from '../../demos/sign-up/watch/scrape.ts';
import { TimeAxis } from '../../demos/sign-up/watch/time-axis.ts';
import { richestTrace } from '../../demos/sign-up/watch/trace-tree.ts';

function span(spanId: string, fromMs: number, toMs: number, more: Partial<ReceivedSpan> = {}): ReceivedSpan {
  return {
    traceId: 't',
    spanId,
    parentSpanId: undefined,
    name: spanId,
    kind: 'internal',
    startMs: fromMs,
    endMs: toMs,
    attributes: {},
    events: [],
    links: [],
    error: undefined,
    ...more,
  };
}

const attempt = (what: 'failed' | 'started', timeMs: number) => ({
  name: `millrace.attempt.${what}`,
  timeMs,
  attributes: {},
});

describe('drawTrace', () => {
  it('draws children below their parent by time, with what they wait for, and leaves out what is idle', () => {
    const handled = {
      kind: 'consumer',
      parentSpanId: 'publish',
      attributes: { 'messaging.destination.subscription.name': 'mail', 'millrace.attempts': 2 },
      events: [attempt('started', 40), attempt('failed', 60), attempt('started', 80)],
    } as const;
    const redriven = {
      kind: 'consumer',
      parentSpanId: 'publish',
      attributes: { 'millrace.redriven': 1, 'millrace.outcome': 'handled', 'millrace.attempts': 1 },
    } as const;
    const drawn = drawTrace([
      span('again', 5_100, 5_120, redriven),
      span('send', 80, 100, { parentSpanId: 'process', error: 'no\nmailbox' }),
      span('process', 40, 100, { ...handled, attributes: { ...handled.attributes, 'millrace.wait.duration': 0.02 } }),
      span('publish', 0, 20, { kind: 'producer' }),
    ]);
    expect(`\n${drawn.join('\n')}\n`).toBe(`
span             kind     0                                                   5,120 ms ms
publish          producer ██████████                                      ┊            20
├ process · mail consumer           ········███████████░░░░░░░░██████████ ┊            60 2 attempts
│ └ send         internal                                      ██████████ ┊            20
│     ✗ no mailbox
└ again          consumer                                                 ┊ ██████████ 20 redriven
█ at work   ░ until the next attempt   · in the waiting room
┊ 5.00 s in which nothing happened, left out
`);
  });

  it('says once what went wrong, where it went wrong', () => {
    const errorsOf = (...all: readonly ReceivedSpan[]) => drawTrace(all).filter((line) => line.includes('✗'));
    const send = span('send', 1, 2, { parentSpanId: 'process', error: 'no mailbox' });
    expect(errorsOf(span('process', 0, 2, { error: 'no mailbox' }), send)).toStrictEqual(['    ✗ no mailbox']);
    expect(errorsOf(span('process', 0, 2, { error: 'no time left' }), send)).toStrictEqual([
      '│ ✗ no time left',
      '    ✗ no mailbox',
    ]);
  });

  it('is never wider than 100 columns, and leaves out no span', () => {
    const spans = array(
      record({
        parent: integer({ min: 0, max: 20 }),
        fromMs: double({ min: 0, max: 1e6, noNaN: true }),
        ms: double({ min: 0, max: 1e4, noNaN: true }),
        name: integer({ min: 1, max: 120 }),
        error: integer({ min: 0, max: 200 }),
      }),
      { minLength: 1, maxLength: 12 },
    ).map((all) =>
      all.map(({ parent, fromMs, ms, name, error }, index) =>
        span(String(index), fromMs, fromMs + ms, {
          // Only of one before it: a span is no ancestor of its own.
          ...(parent < index && { parentSpanId: String(parent) }),
          name: `${index}${'n'.repeat(name)}`,
          error: error === 0 ? undefined : 'e'.repeat(error),
        }),
      ),
    );
    assert(
      property(spans, (all) => {
        const drawn = drawTrace(all);
        expect(drawn.filter((line) => line.length > 100)).toStrictEqual([]);
        expect(drawn.filter((line) => line.includes(' internal '))).toHaveLength(all.length);
        expect(drawn.filter((line) => line.includes(' internal ') && !line.includes('█'))).toStrictEqual([]);
      }),
    );
  });

  it('colors what is right and what is wrong, and changes no text by it', () => {
    const spans = [span('good', 0, 10), span('bad', 0, 10, { parentSpanId: 'good', error: 'no' })];
    const colored = drawTrace(spans, (color, text) => `<${color}>${text}</${color}>`);
    expect(colored.find((line) => line.startsWith('good'))).toMatch(/<green>█+<\/green>/);
    expect(colored.find((line) => line.startsWith('└ bad'))).toMatch(/<red>█+<\/red>/);
    const plain = colored.map((line) => line.replaceAll(/<\/?\w+>/g, '').trimEnd());
    expect(plain).toStrictEqual(drawTrace(spans));
  });
});

describe('TimeAxis', () => {
  it('goes only forward, and stays within its width', () => {
    const interval = record({
      fromMs: double({ min: 0, max: 1e7, noNaN: true }),
      ms: double({ min: 0, max: 1e5, noNaN: true }),
    });
    assert(
      property(array(interval, { minLength: 1, maxLength: 5 }), (all) => {
        const axis = new TimeAxis(
          all.map(({ fromMs, ms }) => [fromMs, fromMs + ms]),
          40,
        );
        const times = all.flatMap(({ fromMs, ms }) => [fromMs, fromMs + ms]).toSorted((one, other) => one - other);
        const columns = times.map((time) => axis.columnOf(time));
        expect(columns).toStrictEqual(columns.toSorted((one, other) => one - other));
        expect(Math.min(...columns)).toBe(0);
        expect(Math.max(...columns)).toBeLessThanOrEqual(40);
      }),
    );
  });
});

describe('richestTrace', () => {
  const failed = { events: [attempt('failed', 1)] };

  it('prefers a redrive, then attempts that failed, then spans', () => {
    const small = [span('a', 0, 1)];
    const large = [span('a', 0, 1), span('b', 0, 1)];
    const retried = [span('a', 0, 1, failed)];
    const redriven = [span('a', 0, 1, { attributes: { 'millrace.redriven': 1 } })];
    expect(richestTrace([small, large])).toBe(large);
    expect(richestTrace([large, retried])).toBe(retried);
    expect(richestTrace([retried, redriven])).toBe(redriven);
    expect(richestTrace([])).toBeUndefined();
  });
});

describe('spansOf', () => {
  it('reads what an SDK sends, to the microsecond', () => {
    const raw = {
      traceId: 'aa',
      spanId: 'bb',
      name: 'process',
      kind: 5,
      startTimeUnixNano: '1795414057544000999',
      endTimeUnixNano: '1795414057544123456',
      attributes: [
        { key: 'n', value: { intValue: 3 } },
        { key: 'all', value: { arrayValue: { values: [] } } },
      ],
      events: [{ name: 'e', timeUnixNano: '1795414057544001000', attributes: [] }],
      links: [{ spanId: 'cc' }],
      status: { code: 2, message: 'no' },
    };
    expect(spansOf({ resourceSpans: [{ scopeSpans: [{ spans: [raw] }] }] })).toStrictEqual([
      {
        traceId: 'aa',
        spanId: 'bb',
        parentSpanId: undefined,
        name: 'process',
        kind: 'consumer',
        startMs: 1_795_414_057_544,
        endMs: 1_795_414_057_544.123,
        attributes: { n: 3 },
        events: [{ name: 'e', timeMs: 1_795_414_057_544.001, attributes: {} }],
        links: ['cc'],
        error: 'no',
      },
    ]);
  });
});

describe('Scrape', () => {
  it('sums series by name and labels, whatever is in a label', () => {
    const scrape = Scrape.read(
      [
        '# HELP handled_total Copies.',
        'handled_total{handler="a, \\"b\\"}",other="x"} 2',
        'handled_total{handler="c"} 3',
        'up 1',
      ].join('\n'),
    );
    expect(scrape.sum('handled_total')).toBe(5);
    expect(scrape.sum('handled_total', { handler: 'a, "b"}' })).toBe(2);
    expect(scrape.sum('up')).toBe(1);
    expect(scrape.sum('down')).toBe(0);
    expect(() => Scrape.read('what?')).toThrow("got 'what?'");
  });
});
