import { connect as connectPlainly, isIP, type Socket } from 'node:net';
import { connect as connectEncrypted, type ConnectionOptions } from 'node:tls';

/** What `kafkajs` asks for a connection with. */
interface SocketOptions {
  readonly host: string;
  readonly port: number;
  readonly ssl: ConnectionOptions | undefined;
  readonly onConnect: () => void;
}

/** Makes the connections of a client of `kafkajs`: its option `socketFactory`. */
export type SocketFactory = (options: SocketOptions) => Socket;

/** Milliseconds of silence after which the system asks whether the other side is there, as `kafkajs` has it. */
const KEEP_ALIVE_MS = 60_000;
/** Each response begins with its length, an INT32 (https://kafka.apache.org/protocol#protocol_common). */
const LENGTH_BYTES = 4;

/** Connects as `kafkajs` does by itself. */
export const connectSocket: SocketFactory = ({ host, port, ssl, onConnect }) => {
  // An address is not a name that a server could be asked to prove.
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const socket = ssl
    ? connectEncrypted({ host, port, ...servername, ...ssl }, onConnect)
    : connectPlainly({ host, port }, onConnect);
  return socket.setKeepAlive(true, KEEP_ALIVE_MS);
};

/**
 * Makes connections that give `kafkajs` whole responses only. By itself, it keeps half a response when a connection breaks, and reads on in the middle of it
 * when it has connected again: that throws where nobody can catch it, and ends the process (tulios/kafkajs#715).
 */
export function wholeResponses(connect: SocketFactory): SocketFactory {
  return (options) => {
    const socket = connect(options);
    const listen = socket.on.bind(socket) as (event: string, listener: (...values: never[]) => void) => Socket;
    socket.on = (event: string, listener: (...values: never[]) => void): Socket =>
      listen(event, event === 'data' ? wholeResponsesOf(socket, listener as (bytes: Buffer) => void) : listener);
    return socket;
  };
}

/** Listens to a connection; what cannot be a response, or cannot be read, ends it. */
function wholeResponsesOf(socket: Socket, listener: (responses: Buffer) => void): (bytes: Buffer) => void {
  /** A response that has begun. */
  let chunks: Buffer[] = [];
  let byteCount = 0;
  let neededCount = LENGTH_BYTES;
  return (bytes) => {
    chunks.push(bytes);
    byteCount += bytes.length;
    if (byteCount < neededCount) return;
    const all = chunks.length === 1 ? bytes : Buffer.concat(chunks);
    try {
      const { end, missing } = wholePart(all);
      chunks = end === all.length ? [] : [all.subarray(end)];
      byteCount = all.length - end;
      neededCount = byteCount + missing;
      if (end > 0) listener(all.subarray(0, end));
    } catch (error) {
      socket.destroy(error as Error);
    }
  };
}

/** Where the last whole response ends, and how many bytes more there have to be before there is any use in another look. */
function wholePart(bytes: Buffer): { readonly end: number; readonly missing: number } {
  let end = 0;
  while (end + LENGTH_BYTES <= bytes.length) {
    const length = bytes.readInt32BE(end);
    if (length < 0) throw new Error(`Expected a response of Kafka, got one of ${length} bytes. Is it a Kafka server?`);
    const next = end + LENGTH_BYTES + length;
    if (next > bytes.length) return { end, missing: next - bytes.length };
    end = next;
  }
  return { end, missing: end + LENGTH_BYTES - bytes.length };
}
