/**
 * Carries events between buses: from a server to a page and back, between tabs, windows and workers: `import { connectEvents } from 'millrace/bridge'`.
 *
 * @packageDocumentation
 */
export { BridgeError } from './crossing/bridge-error.ts';
export type { BridgedBus } from './crossing/bridged-bus.ts';
export type { Gap, GapReason } from './crossing/gap.ts';
export type { ArrivalCounts, ArrivalOutcome } from './crossing/intake.ts';
export type { Authorize, BridgeRequest, Permission } from './serve/authorize.ts';
export type { EventsEndpoint, EventsEndpointStats } from './serve/events-endpoint.ts';
export { serveEvents } from './serve/serve-events.ts';
export type { ReplayBufferOptions, ServeEventsOptions } from './serve/serve-events-options.ts';
export { connectEvents } from './connect/connect-events.ts';
export type { ConnectEventsOptions, OutboxOptions, ResumeStore } from './connect/connect-events-options.ts';
export type {
  ConnectionState,
  EventsConnection,
  EventsConnectionStats,
  OutboxStats,
} from './connect/events-connection.ts';
export { connectPort } from './port/connect-port.ts';
export type {
  ConnectPortOptions,
  ConnectWindowOptions,
  MessageFrame,
  NodePort,
  PortBufferOptions,
  PortLike,
  WebPort,
  WindowLike,
} from './port/connect-port-options.ts';
export type { PortBridge, PortBridgeStats } from './port/port-bridge.ts';
