import * as fc from 'fast-check';
import {
  type BusSnapshot,
  type ChannelSnapshot,
  createInspector,
  type HandlerSnapshot,
  type InspectorSnapshot,
  type ProjectionSnapshot,
  toMermaid,
} from 'millrace';
import { describe, expect, it } from 'vitest';
import { busOf, channelOf, handlerOf, projectionOf, snapshotOf } from '../snapshots.ts';
import { readFlowchart } from './flowchart-grammar.ts';

describe('a flowchart', () => {
  it('of nothing is empty', () => {
    expect(toMermaid(createInspector().snapshot())).toBe('flowchart LR\n');
  });

  it('shows events, handlers and dead letters of a bus, with their counts', () => {
    const chart = toMermaid(
      snapshotOf({
        buses: [
          busOf('orders', {
            events: ['order.placed', 'order.lost', 'order.cancelled'],
            handlers: [
              handlerOf('ship', {
                listensTo: ['order.placed'],
                accepted: 1234,
                handled: 1200,
                waiting: 30,
                inFlight: 1,
                dead: 3,
              }),
              handlerOf('audit', { listensTo: ['order.placed', 'order.cancelled'], accepted: 7, handled: 7 }),
            ],
          }),
        ],
      }),
    );
    expect(`\n${chart}`).toBe(`
flowchart LR
  subgraph n1["bus orders"]
    n2(["order.cancelled"])
    n3(["order.lost"])
    n4(["order.placed"])
    n5["audit<br/>7 handled"]
    n6["ship<br/>1,200 handled · 1 in flight · 30 waiting"]
    n7[/"dead letters"/]
  end
  n2 --> n5
  n4 --> n5
  n4 -->|"1,234"| n6
  n5 -.-> n7
  n6 -->|"3 dead"| n7
`);
  });

  it('shows channels, projections, processors, and what is in trouble', () => {
    const chart = toMermaid(
      snapshotOf({
        channels: [
          channelOf('inbox', {
            waiting: 4,
            capacity: 4,
            fullMs: 5,
            workers: [handlerOf('pack', { accepted: 2, handled: 2 })],
          }),
        ],
        projections: [
          projectionOf('totals', { state: 'stopped', lag: 12 }),
          projectionOf('balances', {
            handlers: [handlerOf('balances', { listensTo: ['deposited'], circuit: 'open' })],
          }),
        ],
        processors: [handlerOf('resize', { dead: 2, deadLastMinute: 2 })],
      }),
    );
    expect(`\n${chart}`).toBe(`
flowchart LR
  subgraph n1["channel inbox"]
    n2(["items<br/>4 of 4 waiting"])
    n3["pack<br/>2 handled"]
    n4[/"dead letters"/]
  end
  subgraph n5["projection balances (live)"]
    n6(["deposited"])
    n7["balances<br/>0 handled"]
    n8[/"dead letters"/]
  end
  subgraph n9["projection totals (stopped · 12 behind)"]
    n10["totals<br/>stopped"]
  end
  n11["resize<br/>0 handled"]
  n12[/"dead letters"/]
  n2 -->|"2"| n3
  n3 -.-> n4
  n6 -.-> n7
  n7 -.-> n8
  n11 -->|"2 dead"| n12
  classDef trouble stroke-width:4px
  class n2,n7,n9,n11 trouble
`);
  });

  it('joins the buses of one broker', () => {
    const broker = {
      name: 'jetstream',
      state: 'reconnecting',
      stateMs: 5,
      reconnects: 1,
      publishing: 2,
      inFlight: 0,
      lost: 0,
    } as const;
    const chart = toMermaid(
      snapshotOf({
        buses: [
          busOf('shipping', { broker: { ...broker, outgoing: { waiting: 0, dropped: 0 } } }),
          busOf('billing', { broker: { ...broker, outgoing: { waiting: 1500, dropped: 0 } } }),
        ],
      }),
    );
    expect(`\n${chart}`).toBe(`
flowchart LR
  subgraph n1["bus billing"]
  end
  subgraph n2["bus shipping"]
  end
  n3[("jetstream<br/>reconnecting")]
  n3 <-->|"1,500 outgoing"| n1
  n3 <--> n2
  classDef trouble stroke-width:4px
  class n3 trouble
`);
  });

  it.each([
    ['end', 'end'],
    ['a "quoted" [name]', 'a #34;quoted#34; #91;name#93;'],
    ['two\nlines\u2028three', 'two lines three'],
    ['<script>&amp;', '#60;script#62;#38;amp#59;'],
    ['`code` **bold** #1 %%{init}%%', '#96;code#96; #42;#42;bold#42;#42; #35;1 #37;#37;#123;init#125;#37;#37;'],
    ['style: x', 'style#58; x'],
    ['1. one', '1#46; one'],
    ['1) one', '1#41; one'],
    ['- one', '#45; one'],
    ['welcome-mail', 'welcome-mail'],
    ['Größe → 大きさ 👩‍🚀', 'Größe → 大きさ 👩‍🚀'],
    ['half \uD83D', 'half'],
    [' \n', '(no name)'],
    ['\u202Eturned', 'turned'],
    ['x'.repeat(200), `${'x'.repeat(79)}…`],
  ])('shows the name %o as it is, and as nothing else', (name, label) => {
    const chart = toMermaid(snapshotOf({ processors: [handlerOf(name)] }));
    expect(chart).toContain(`n1["${label}<br/>0 handled"]`);
  });

  it('is one that Mermaid can read, whatever the names are, and always the same whatever the order', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({
        unit: fc.constantFrom(
          '"',
          '[',
          ']',
          '(',
          '{',
          '|',
          '-',
          '>',
          '%',
          '#',
          ';',
          ':',
          '`',
          '\n',
          '&',
          '<',
          ' ',
          'end',
        ),
        maxLength: 12,
      }),
    );
    const count = fc.nat(2_000);
    const handler = fc
      .tuple(name, fc.array(name, { maxLength: 3 }), count)
      .map(([own, listensTo, dead]): HandlerSnapshot =>
        handlerOf(own, { listensTo, dead, accepted: dead, deadLastMinute: dead }),
      );
    const bus = fc
      .tuple(name, fc.array(name, { maxLength: 3 }), fc.array(handler, { maxLength: 3 }))
      .map(([own, events, handlers]): BusSnapshot => busOf(own, { events, handlers }));
    const channel = fc
      .tuple(name, fc.array(handler, { maxLength: 2 }))
      .map(([own, workers]): ChannelSnapshot => channelOf(own, { workers }));
    const projection = fc
      .tuple(name, fc.array(handler, { maxLength: 2 }))
      .map(([own, handlers]): ProjectionSnapshot => projectionOf(own, { handlers }));
    const parts = <Part>(part: fc.Arbitrary<Part>): fc.Arbitrary<Part[]> => fc.array(part, { maxLength: 3 });
    fc.assert(
      fc.property(
        parts(bus),
        parts(channel),
        parts(projection),
        parts(handler),
        (buses, channels, projections, processors) => {
          const snapshot = withIds(snapshotOf({ buses, channels, projections, processors }));
          const chart = toMermaid(snapshot);
          const { kinds } = readFlowchart(chart);
          expect(kinds.filter((kind) => kind === 'box')).toHaveLength(
            buses.length + channels.length + projections.length,
          );
          const turned = {
            ...snapshot,
            buses: snapshot.buses
              .map((one) => ({ ...one, events: one.events.toReversed(), handlers: one.handlers.toReversed() }))
              .toReversed(),
            channels: snapshot.channels.toReversed(),
            projections: snapshot.projections.toReversed(),
            processors: snapshot.processors.toReversed(),
          };
          expect(toMermaid(turned)).toBe(chart);
        },
      ),
      { numRuns: 50 },
    );
  });
});

/** Ids that are unique, as an inspector gives them. */
function withIds(snapshot: InspectorSnapshot): InspectorSnapshot {
  let count = 0;
  const numbered = <Part extends { readonly id: string }>(part: Part): Part => ({
    ...part,
    id: `${part.id} ${++count}`,
  });
  return {
    ...snapshot,
    buses: snapshot.buses.map((bus) => numbered({ ...bus, handlers: bus.handlers.map(numbered) })),
    channels: snapshot.channels.map((channel) => numbered({ ...channel, workers: channel.workers.map(numbered) })),
    projections: snapshot.projections.map((one) => numbered({ ...one, handlers: one.handlers.map(numbered) })),
    processors: snapshot.processors.map(numbered),
  };
}
