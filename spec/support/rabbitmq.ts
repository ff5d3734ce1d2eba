import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { SERVICES } from '../services/catalogue.ts';
import { controlService } from '../services/control.ts';
import { serviceUrl } from './services.ts';

/** A server that specs share, if there is one: what they make on it has names of their own. */
export const rabbitMqUrl: string | undefined = await serviceUrl('rabbitmq');

/** A name that nobody else has on the shared server. */
export function ownName(what: string): string {
  return `${what}-${randomBytes(5).toString('hex')}`;
}

/** A server of one spec, which may be killed. */
export interface OwnRabbitMq extends AsyncDisposable {
  readonly url: string;
  /** Ends it as a power cut does. */
  kill(): Promise<void>;
  /** Starts it again, with its data, on its port. */
  start(): Promise<void>;
  /** Both. */
  restart(): Promise<void>;
}

/** Starts a server that no other spec uses. */
export async function openRabbitMq(environment: Readonly<Record<string, string>> = {}): Promise<OwnRabbitMq> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-rabbitmq-'));
  const service = SERVICES.find(({ name }) => name === 'rabbitmq')!;
  const control = controlService(service, folder);
  const url = await control.up({ SERVICE_OWNER: String(process.pid), ...environment });

  async function kill(): Promise<void> {
    // RabbitMQ 3.10 keeps for a while in memory which quorum queues it has: one that is killed too soon after it was made never answers again.
    await sleep(1_500);
    const pid = Number((await control.status())!.slice('pid '.length));
    process.kill(pid, 'SIGKILL');
    while ((await control.status()) !== undefined);
  }

  return {
    url,
    kill,
    start: async () => control.restart(),
    async restart() {
      await kill();
      await control.restart();
    },
    async [Symbol.asyncDispose]() {
      await control.down();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A raw client beside the adapter, which ends with its spec. */
export async function rawClient(url: string = rabbitMqUrl ?? ''): Promise<RawClient> {
  const connection = await connect(url);
  connection.on('error', () => undefined);
  const channel = await connection.createConfirmChannel();
  channel.on('error', () => undefined);
  return { connection, channel, [Symbol.asyncDispose]: async () => connection.close().catch(() => undefined) };
}

/** What a raw client has. */
export interface RawClient extends AsyncDisposable {
  readonly connection: ChannelModel;
  readonly channel: ConfirmChannel;
}

/** Waits for what another process is about to do. */
export async function waitUntil(isSo: () => boolean, withinMs = 10_000): Promise<void> {
  for (let waitedMs = 0; !isSo(); waitedMs += 5) {
    if (waitedMs > withinMs) throw new Error(`Expected it to be so within ${withinMs} ms: ${isSo.toString()}`);
    await sleep(5);
  }
}
