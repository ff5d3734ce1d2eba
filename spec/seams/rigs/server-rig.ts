import { openOwnServer } from '../../support/own-server.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { openTarget } from '../open-target.ts';
import type { BrokerRig, BrokerTarget, OutsideView } from '../rig.ts';

/** What is different with each kind of server. */
export interface ServerKind {
  readonly kind: BrokerTarget['kind'];
  readonly title: string;
  /** Its name in the catalogue of services. */
  readonly service: string;
  readonly sessionTimeoutMs: number;
  /** @defaultValue 0 */
  readonly settleMs?: number;
  /** For the script that starts it, which may have to know where the network is. */
  readonly environment?: (networkPort: number) => Readonly<Record<string, string>>;
  /** The port that the network leads to; by default that of its URL. */
  readonly portBehindNetwork?: (url: string) => number;
  /** What a fresh server needs before it is tried. */
  readonly prepare?: (url: string) => Promise<void>;
  readonly watch: (url: string, topic: string) => Promise<OutsideView>;
}

/** A server of its own, behind a network that can fail; undefined where it is not installed. */
export async function serverRig({
  kind,
  title,
  service,
  sessionTimeoutMs,
  settleMs = 0,
  environment = () => ({}),
  portBehindNetwork = (url) => Number(new URL(url).port),
  prepare = () => Promise.resolve(),
  watch,
}: ServerKind): Promise<BrokerRig | undefined> {
  const network = await TcpProxy.open();
  const server = await openOwnServer(service, environment(network.port));
  if (server === undefined) {
    await network[Symbol.asyncDispose]();
    return undefined;
  }
  network.aim(portBehindNetwork(server.url));
  await prepare(server.url);
  const target = { kind, url: server.url };
  const behind = { kind, url: network.through(server.url) };
  const { capabilities } = await closing(openTarget(target));
  let isUp = true;
  return {
    title,
    capabilities,
    network,
    sessionTimeoutMs,
    settleMs,
    target,
    open: ({ route = 'direct', ...options } = {}) => openTarget(route === 'direct' ? target : behind, options),
    async kill() {
      isUp = false;
      await server.kill();
    },
    async start() {
      if (!isUp) await server.start();
      isUp = true;
    },
    watch: (topic) => watch(server.url, topic),
    async [Symbol.asyncDispose]() {
      await network[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function closing<Client extends { close(): Promise<void> }>(opening: Promise<Client>): Promise<Client> {
  const client = await opening;
  await client.close();
  return client;
}
