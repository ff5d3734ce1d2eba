import type { Broker, BrokerCapabilities } from 'millrace';

/** A server that can be killed, behind a network that can fail, and somebody who looks on. */
export interface BrokerRig extends AsyncDisposable {
  /** Names it in reports. */
  readonly title: string;
  readonly capabilities: BrokerCapabilities;
  /** Where the clients go that are opened by the route `network`. */
  readonly network: Network;
  /** Milliseconds without a heartbeat after which the server takes a consumer for gone, where it does. */
  readonly sessionTimeoutMs: number;
  /** Milliseconds after which what was made on the server survives its death, where that is not at once. */
  readonly settleMs: number;
  /** A client. */
  open(wishes?: ClientWishes): Promise<Broker>;
  /** What another process needs to open a client; undefined if it cannot. */
  readonly target: BrokerTarget | undefined;
  /** Kills the server, as `kill -9` does, and resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again, unless it is there, and resolves when it answers. */
  start(): Promise<void>;
  /** Looks on with the server's own client: at all that arrives for a topic from now on. */
  watch(topic: string): Promise<OutsideView>;
}

/** A network that can fail. */
export interface Network {
  /** How many connections it has ever let through. */
  readonly dialled: number;
  /** Resets all connections, once. */
  cut(): void;
  /** Resets all connections, and those that are tried until `restore`. */
  shut(): void;
  /** Swallows all that is said, and that somebody is gone. */
  halfOpen(): void;
  restore(): void;
}

/** How a client is opened. */
export interface ClientWishes {
  /** @defaultValue 'direct' */
  readonly route?: 'direct' | 'network';
  /** @defaultValue the adapter's own */
  readonly publishTimeoutMs?: number;
}

/** Which broker, and where; it can be sent to another process. */
export interface BrokerTarget {
  readonly kind: 'jetstream' | 'kafka' | 'nats' | 'rabbitmq';
  /** A URL, or what the server calls one. */
  readonly url: string;
}

/** What somebody sees who knows nothing of this library. */
export interface OutsideView {
  /** The bodies of all that the server has been given, repeats included. */
  bodies(): Promise<readonly string[]>;
  close(): Promise<void>;
}
