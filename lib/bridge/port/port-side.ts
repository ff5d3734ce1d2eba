import { InvalidOptionError } from '../../core/errors.ts';
import { show } from '../../core/options.ts';
import type {
  ConnectPortOptions,
  ConnectWindowOptions,
  MessageFrame,
  PortLike,
  WebPort,
  WindowLike,
} from './connect-port-options.ts';

/** A port, whatever kind it is of. */
export interface PortSide {
  /** Whether any number of others hear what is sent. */
  readonly isBroadcast: boolean;
  post(message: unknown): void;
  /** @returns listens no more */
  listen(onMessage: (data: unknown) => void): () => void;
}

/**
 * Finds out what kind of port it is.
 *
 * @throws InvalidOptionError for what is no port, or for a window without an origin
 */
export function portSide(port: PortLike | WindowLike, options: ConnectPortOptions | ConnectWindowOptions): PortSide {
  // Of a window of another origin, nothing else may be read.
  if (typeof (port as Partial<PortLike> | null | undefined)?.postMessage !== 'function') throw noPort(port);
  if ('targetOrigin' in options) return windowSide(port, options);
  if ((port as { readonly window?: unknown }).window === port) throw noOrigin(undefined);
  if (isWebPort(port)) return webSide(port);
  if (isNodePort(port)) return nodeSide(port);
  throw noPort(port);
}

function webSide(port: WebPort): PortSide {
  return {
    isBroadcast: typeof BroadcastChannel === 'function' && port instanceof BroadcastChannel,
    post: (message) => port.postMessage(message),
    listen(onMessage) {
      const listener = ({ data }: MessageFrame): void => onMessage(data);
      port.addEventListener('message', listener);
      port.start?.();
      return () => port.removeEventListener('message', listener);
    },
  };
}

function nodeSide(port: Exclude<PortLike, WebPort>): PortSide {
  return {
    isBroadcast: false,
    post: (message) => port.postMessage(message),
    listen(onMessage) {
      port.on('message', onMessage);
      return () => void port.off('message', onMessage);
    },
  };
}

function windowSide(port: WindowLike, { targetOrigin, listenOn = globalThis }: ConnectWindowOptions): PortSide {
  if (!URL.canParse(targetOrigin) || new URL(targetOrigin).origin !== targetOrigin) throw noOrigin(targetOrigin);
  return {
    isBroadcast: false,
    post: (message) => port.postMessage(message, targetOrigin),
    listen(onMessage) {
      // All windows speak to ours in the same place.
      const listener = ({ data, source, origin }: MessageFrame): void => {
        if (source === port && origin === targetOrigin) onMessage(data);
      };
      listenOn.addEventListener('message', listener);
      return () => listenOn.removeEventListener('message', listener);
    },
  };
}

function isWebPort(port: PortLike | WindowLike): port is WebPort {
  return typeof (port as Partial<WebPort>).addEventListener === 'function';
}

function isNodePort(port: PortLike | WindowLike): port is Exclude<PortLike, WebPort> {
  return typeof (port as { readonly on?: unknown }).on === 'function';
}

function noPort(port: unknown): InvalidOptionError {
  return new InvalidOptionError(`Expected a MessagePort, a Worker, a BroadcastChannel or a window, got ${show(port)}.`);
}

function noOrigin(origin: string | undefined): InvalidOptionError {
  return new InvalidOptionError(
    `Expected targetOrigin to be the origin that the window shows, such as 'https://widget.example', got ${show(origin)}. Anybody could listen otherwise.`,
  );
}
