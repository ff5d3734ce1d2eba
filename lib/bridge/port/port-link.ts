/// <reference lib="esnext.disposable" preserve="true" />
import { type Observable, Subject } from 'rxjs';
import { randomId } from '../../core/ids.ts';
import { expectCount, expectOneOf, expectOptions } from '../../core/options.ts';
import { ErrorReports, type ReportedError } from '../../process/error-reports.ts';
import { expectAllowList, expectTraffic } from '../crossing/allow-list.ts';
import { BridgeError } from '../crossing/bridge-error.ts';
import { type AnyBus, schedulerOf } from '../crossing/bridged-bus.ts';
import { Departures } from '../crossing/departures.ts';
import { type Gap, gapError } from '../crossing/gap.ts';
import { Intake } from '../crossing/intake.ts';
import type { ConnectPortOptions, ConnectWindowOptions } from './connect-port-options.ts';
import { type Frame, FRAME_VERSION, readFrame } from './frames.ts';
import type { PortBridge, PortBridgeStats } from './port-bridge.ts';
import { PortInbox } from './port-inbox.ts';
import { PortOutbox } from './port-outbox.ts';
import type { PortSide } from './port-side.ts';

/** A frame without its head. */
type FrameBody = Frame extends infer One
  ? One extends Frame
    ? Omit<One, 'from' | 'millrace' | 'version'>
    : never
  : never;

/** One side of a bridge over a port. */
export class PortLink implements PortBridge {
  readonly gaps: Observable<Gap>;
  readonly errors: Observable<ReportedError>;
  readonly #side: PortSide;
  readonly #id = randomId();
  readonly #reports = new ErrorReports();
  readonly #gaps = new Subject<Gap>();
  readonly #capacity: number;
  readonly #intake: Intake;
  readonly #inbox: PortInbox;
  readonly #outbox: PortOutbox;
  readonly #departures: Departures;
  readonly #leave: () => void;
  #state: PortBridgeStats['state'] = 'waiting';
  /** Who is on the other side. */
  #peer: string | undefined;
  #gapCount = 0;
  #foreign = 0;
  #hasToldVersion = false;

  constructor(bus: AnyBus, side: PortSide, options: ConnectPortOptions | ConnectWindowOptions) {
    const send = expectAllowList('send', options.send, bus);
    const receive = expectAllowList('receive', options.receive, bus);
    expectTraffic(send, receive);
    const { capacity = 1_024, overflow = 'drop-oldest' } = expectOptions('buffer', options.buffer) ?? {};
    expectCount('buffer.capacity', capacity, 1);
    expectOneOf('buffer.overflow', overflow, ['drop-oldest', 'drop-newest']);
    const maxInFlight = expectCount('maxInFlight', options.maxInFlight ?? 256, 1);
    const maxEventBytes = expectCount('maxEventBytes', options.maxEventBytes ?? 262_144, 1);
    const scheduler = schedulerOf(bus, options.scheduler);
    const errors = this.#reports;
    this.gaps = this.#gaps.asObservable();
    this.errors = errors.stream;
    this.#side = side;
    this.#capacity = capacity;
    this.#intake = new Intake({ bus, bridge: this, receive, scheduler, invalid: 'dead-letter' });
    this.#inbox = new PortInbox({
      intake: this.#intake,
      capacity,
      maxInFlight,
      maxEventBytes,
      scheduler,
      onTaken: (numbers) => {
        if (!side.isBroadcast) this.#post({ kind: 'taken', numbers });
      },
      onRefused: (error) => errors.report('bridge', error),
      onLost: (lost) => this.#tell({ reason: 'overflow', lost }),
      onBusClosed: () => this.close(),
    });
    this.#outbox = new PortOutbox({
      capacity,
      overflow,
      maxInFlight: side.isBroadcast ? Infinity : maxInFlight,
      post: (first, events, lost) => this.#post({ kind: 'events', first, events, lost }),
    });
    const onEvent = (text: string): void => this.#outbox.push(text);
    const close = (): void => this.close();
    this.#departures = new Departures({ bus, bridge: this, send, maxEventBytes, errors, onEvent, onClosed: close });
    const unlisten = side.listen((data) => this.#hear(data));
    this.#leave = () => {
      unlisten();
      options.signal?.removeEventListener('abort', close);
    };
    options.signal?.addEventListener('abort', close, { once: true });
    this.#post({ kind: 'hello' });
    if (side.isBroadcast) this.#open();
    if (options.signal?.aborted === true) close();
  }

  stats(): PortBridgeStats {
    return {
      state: this.#state,
      received: this.#intake.counts,
      inFlight: this.#inbox.size,
      gaps: this.#gapCount,
      foreign: this.#foreign,
      outgoing: {
        waiting: this.#outbox.size,
        capacity: this.#capacity,
        sent: this.#outbox.sent,
        dropped: this.#outbox.dropped,
        unwritable: this.#departures.unwritable,
      },
    };
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#departures.close();
    this.#post({ kind: 'bye' });
    this.#state = 'closed';
    this.#leave();
    this.#inbox.close();
    const left = this.#outbox.close();
    if (left > 0) this.#reports.report('bridge', givenUp(left));
    this.#gaps.complete();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #hear(data: unknown): void {
    const frame = readFrame(data);
    if (frame === 'foreign' || frame === 'other-version') {
      this.#foreign++;
      if (frame === 'other-version') this.#tellVersion();
      return;
    }
    switch (frame.kind) {
      case 'hello':
        this.#meet(frame.from);
        if (!this.#side.isBroadcast) this.#post({ kind: 'welcome' });
        break;
      case 'welcome':
        this.#meet(frame.from);
        break;
      case 'bye':
        this.#part(frame.from);
        break;
      case 'events':
        if (frame.lost > 0) this.#tell({ reason: 'overflow', lost: frame.lost });
        this.#inbox.push(frame.first, frame.events);
        break;
      case 'taken':
        if (frame.from === this.#peer) this.#outbox.confirm(frame.numbers);
        break;
    }
  }

  #meet(peer: string): void {
    if (this.#side.isBroadcast || this.#peer === peer) return;
    this.#peer = peer;
    this.#open();
  }

  #part(peer: string): void {
    if (this.#peer !== peer) return;
    this.#peer = undefined;
    this.#state = 'waiting';
    this.#outbox.suspend();
  }

  #open(): void {
    this.#state = 'open';
    this.#outbox.open();
  }

  #post(body: FrameBody): void {
    if (this.#state === 'closed') return;
    try {
      this.#side.post({ millrace: 'bridge', version: FRAME_VERSION, from: this.#id, ...body });
    } catch (error) {
      // A port that is closed, such as a channel of Node.
      this.#state = 'waiting';
      this.#outbox.suspend();
      this.#reports.report('bridge', error);
    }
  }

  #tell(gap: Gap): void {
    this.#gapCount++;
    this.#reports.report('bridge', gapError(gap, 'of the other side'));
    this.#gaps.next(gap);
  }

  #tellVersion(): void {
    if (this.#hasToldVersion) return;
    this.#hasToldVersion = true;
    const text = `Expected the other side to speak version ${FRAME_VERSION} of the bridge, got another one. Load the same version of millrace on both sides.`;
    this.#reports.report('bridge', new BridgeError('BRIDGE_REFUSED', text));
  }
}

function givenUp(count: number): BridgeError {
  return new BridgeError(
    'BRIDGE_UNREACHABLE',
    `Expected all events to be handled by the other side before close(), got ${count} that were not; some of them may have arrived.`,
  );
}
