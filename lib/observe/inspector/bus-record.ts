import type { BrokeredBusStats } from '../../broker/brokered/brokered-bus.ts';
import type { BusPart } from '../../bus/bus-part.ts';
import type { BusStats } from '../../bus/bus-stats.ts';
import { bound, PartRecord } from './part-record.ts';
import type { BrokerSnapshot, BusSnapshot, HandlerSnapshot, PartSnapshot } from './snapshot.ts';
import { Spell } from './spell.ts';

/** What an inspector keeps of a bus. */
export class BusRecord extends PartRecord {
  private readonly part: BusPart;
  private readonly brokerState: Spell<string | undefined>;

  constructor(identity: PartSnapshot, part: BusPart) {
    super(identity);
    this.part = part;
    this.brokerState = new Spell(brokerOf(part.stats())?.broker.state, identity.since);
  }

  /** The state of a broker has changed, maybe that of this one's. */
  heedBroker(now: number): void {
    this.brokerState.look(brokerOf(this.part.stats())?.broker.state, now);
  }

  snapshot(handlers: readonly HandlerSnapshot[], now: number): BusSnapshot {
    const stats = this.part.stats();
    const { state, emitted, invalid, deadLetters } = stats;
    const brokered = brokerOf(stats);
    return {
      ...this.identity,
      state,
      emitted,
      invalid,
      events: [...this.part.events()],
      deadLetters: { ...deadLetters },
      handlers,
      ...(brokered !== undefined && { broker: this.brokerSnapshot(brokered, now) }),
    };
  }

  private brokerSnapshot({ broker, outgoing, lost }: BrokeredBusStats, now: number): BrokerSnapshot {
    const { name, state, reconnects, publishing, inFlight } = broker;
    const stateMs = this.brokerState.look(state, now);
    const { waiting, dropped, capacity } = outgoing;
    return {
      name,
      state,
      stateMs,
      reconnects,
      publishing,
      inFlight,
      outgoing: { waiting, dropped, ...bound(capacity) },
      lost,
    };
  }
}

function brokerOf(stats: BusStats): BrokeredBusStats | undefined {
  return 'broker' in stats ? (stats as BrokeredBusStats) : undefined;
}
