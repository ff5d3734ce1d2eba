import type {
  BrokerSnapshot,
  BusSnapshot,
  ChannelSnapshot,
  HandlerSnapshot,
  InspectorSnapshot,
  PartSnapshot,
  ProjectionSnapshot,
} from '../inspector/snapshot.ts';
import { Flowchart } from './flowchart.ts';

/**
 * Draws what runs as a Mermaid flowchart, which code hosts show within Markdown: of each bus its events, handlers and dead letters; channels, projections, processors; and brokers, those of
 * one name as one. The arrow to a handler that listens to one type says how many events it has taken, the arrow to dead letters how many are dead. What is in trouble has a thick
 * border: dead letters within the last minute, no room, an open circuit, a projection that has stopped, a broker that is away. The order is always the same.
 *
 * @example
 * ```ts
 * import { createEventBus, createInspector, defineEvent, payload, toMermaid } from 'millrace';
 *
 * const OrderPlaced = defineEvent('order.placed', payload<{ id: string }>());
 * const inspector = createInspector();
 * const bus = createEventBus({ name: 'orders', probe: inspector });
 * bus.on(OrderPlaced, ({ data }) => console.log(data.id), { name: 'ship' });
 * console.log(toMermaid(inspector.snapshot())); // flowchart LR …
 * ```
 */
export function toMermaid({ buses, channels, projections, processors }: InspectorSnapshot): string {
  const chart = new Flowchart();
  const boxes = inOrder(buses).map((bus) => [bus, drawBus(chart, bus)] as const);
  for (const channel of inOrder(channels)) drawChannel(chart, channel);
  for (const projection of inOrder(projections)) drawProjection(chart, projection);
  for (const processor of inOrder(processors)) drawLetters(chart, [[processor, drawHandler(chart, processor)]]);
  drawBrokers(chart, boxes);
  return chart.toString();
}

type Drawn = readonly [handler: HandlerSnapshot, id: string];

function drawBus(chart: Flowchart, { name, events, handlers }: BusSnapshot): string {
  return chart.box(`bus ${name}`, () => drawListeners(chart, events, handlers));
}

function drawChannel(chart: Flowchart, { name, workers, waiting, capacity, fullMs }: ChannelSnapshot): void {
  chart.box(`channel ${name}`, () => {
    const line = `${shown(waiting)}${capacity === undefined ? '' : ` of ${shown(capacity)}`} waiting`;
    const items = chart.node('event', 'items', line);
    if (fullMs > 0) chart.thicken(items);
    const drawn = inOrder(workers).map((pool): Drawn => [pool, drawHandler(chart, pool)]);
    for (const [{ accepted }, id] of drawn) drawTaken(chart, items, id, accepted);
    drawLetters(chart, drawn);
  });
}

function drawProjection(chart: Flowchart, { name, state, lag, handlers }: ProjectionSnapshot): void {
  const line = lag === 0 ? state : `${state} · ${shown(lag)} behind`;
  const box = chart.box(`projection ${name} (${line})`, () => {
    if (handlers.length === 0) chart.node('handler', name, state);
    drawListeners(chart, [], handlers);
  });
  if (state === 'stopped') chart.thicken(box);
}

/** Events that nobody listens to are drawn, too: an arrow that is missing is a finding. */
function drawListeners(chart: Flowchart, events: readonly string[], handlers: readonly HandlerSnapshot[]): void {
  const types = new Set([...events, ...handlers.flatMap(({ listensTo }) => listensTo)]);
  const nodes = new Map([...types].toSorted(byCodeUnits).map((type) => [type, chart.node('event', type)]));
  const drawn = inOrder(handlers).map((handler): Drawn => [handler, drawHandler(chart, handler)]);
  for (const [{ listensTo, accepted }, id] of drawn) {
    for (const type of [...new Set(listensTo)].toSorted(byCodeUnits)) {
      // How many of each of several types nobody has counted.
      drawTaken(chart, nodes.get(type)!, id, listensTo.length === 1 ? accepted : undefined);
    }
  }
  drawLetters(chart, drawn);
}

function drawHandler(chart: Flowchart, handler: HandlerSnapshot): string {
  const { name, handled, inFlight, waiting, fullMs, deadLastMinute, circuit } = handler;
  const counts = Object.entries({ handled, 'in flight': inFlight, waiting }).filter(
    ([what, count]) => count > 0 || what === 'handled',
  );
  const id = chart.node('handler', name, counts.map(([what, count]) => `${shown(count)} ${what}`).join(' · '));
  if (fullMs > 0 || deadLastMinute > 0 || circuit === 'open') chart.thicken(id);
  return id;
}

/** Of nothing yet, an arrow is dotted. */
function drawTaken(chart: Flowchart, from: string, to: string, count: number | undefined): void {
  if (count === 0) chart.arrow(from, '-.->', to);
  else chart.arrow(from, '-->', to, count === undefined ? undefined : shown(count));
}

function drawLetters(chart: Flowchart, handlers: readonly Drawn[]): void {
  if (handlers.length === 0) return;
  const letters = chart.node('letters', 'dead letters');
  for (const [{ dead }, id] of handlers) {
    if (dead === 0) chart.arrow(id, '-.->', letters);
    else chart.arrow(id, '-->', letters, `${shown(dead)} dead`);
  }
}

/** Between the boxes of their buses. */
function drawBrokers(chart: Flowchart, boxes: readonly (readonly [bus: BusSnapshot, id: string])[]): void {
  const brokered = boxes.flatMap(([{ broker }, id]) => (broker === undefined ? [] : [[broker, id] as const]));
  const byName = new Map<string, BrokerSnapshot>(brokered.map(([broker]) => [broker.name, broker]));
  const nodes = new Map<string, string>();
  for (const name of [...byName.keys()].toSorted(byCodeUnits)) {
    const { state } = byName.get(name)!;
    const node = chart.node('broker', name, state);
    nodes.set(name, node);
    if (state !== 'connected') chart.thicken(node);
  }
  for (const [{ name, outgoing }, id] of brokered) {
    const label = outgoing.waiting === 0 ? undefined : `${shown(outgoing.waiting)} outgoing`;
    chart.arrow(nodes.get(name)!, '<-->', id, label);
  }
}

/** By id: in whatever order they came. */
function inOrder<Snapshot extends PartSnapshot>(parts: readonly Snapshot[]): readonly Snapshot[] {
  return parts.toSorted((one, other) => byCodeUnits(one.id, other.id));
}

function byCodeUnits(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function shown(count: number): string {
  return count.toLocaleString('en');
}
