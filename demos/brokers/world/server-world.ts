import { Child } from '../../shared/child.ts';
import { openServer } from '../../shared/open-server.ts';
import type { ServerView } from '../../shared/server-view.ts';
import { UserSignedUp } from '../../sign-up/events.ts';
import { groupOf } from '../services/service.ts';
import type { BrokerWorld } from './broker-world.ts';
import type { ServerKind } from './kinds.ts';
import { openBroker } from './open-broker.ts';

/** Each has the client of its kind, and loads no other. */
const views: Readonly<Record<ServerKind, (url: string, run: string) => Promise<ServerView>>> = {
  nats: async (url, run) => (await import('./nats-view.ts')).openNatsView(url, run),
  async kafka(url, run) {
    const { openKafkaView } = await import('../../shared/kafka-view.ts');
    return openKafkaView(url, run, UserSignedUp.type);
  },
  rabbitmq: async (url, run) => (await import('./rabbitmq-view.ts')).openRabbitMqView(url, run),
};

/** A real server, which is started if there is none; each service is a process of its own. */
export async function openServerWorld(kind: ServerKind, run: string): Promise<BrokerWorld> {
  const server = await openServer(kind);
  const { title, url, isOwn } = server;
  const ends: (() => PromiseLike<void>)[] = [async () => server[Symbol.asyncDispose]()];
  const end = async (): Promise<void> => {
    for (const close of ends.splice(0).toReversed()) await close();
  };
  try {
    const view = await views[kind](url, run);
    ends.push(async () => view[Symbol.asyncDispose]());
    if (!isOwn) ends.push(async () => view.remove());
    const broker = await openBroker({ kind, url, run });
    ends.push(async () => broker.close());
    return {
      where: `${title}, ${isOwn ? 'started for this demo' : 'which was up'}, at ${hostOf(url)}`,
      begin: (service, settings, onReport) => {
        const args = [service, JSON.stringify({ kind, url, run }), JSON.stringify(settings)];
        return new Child(new URL('../process.ts', import.meta.url), args, onReport);
      },
      events: async () => view.events(),
      unsettled: async () => view.unsettled(),
      letters: (service) => broker.letterStore(groupOf(run, service)),
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Without a user and a password. */
function hostOf(url: string): string {
  return /([^/@]+)\/*$/.exec(url)?.[1] ?? url;
}
