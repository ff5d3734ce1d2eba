import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { CqrsModule, EventBus, EventsHandler } from '@nestjs/cqrs';
import { withLanes, withRetries } from '../pool/decorators.ts';
import type { OpenServer } from './server.ts';

class Arrived {
  readonly event: number;

  constructor(event: number) {
    this.event = event;
  }
}

class Application {
  readonly name = 'open-loop';
}

/** Its bus starts every handler at once: nothing waits, and nothing bounds how many run. */
export const openServer: OpenServer = async ({ handle, maxAttempts, key }) => {
  const run = withLanes(withRetries(handle, { maxAttempts, delayMs: 100, onDead: () => undefined }), key);
  let pending = 0;
  let onIdle: (() => void) | undefined;

  class ArrivedHandler {
    async handle({ event }: Arrived): Promise<void> {
      await run(event);
      if (--pending === 0) onIdle?.();
    }
  }
  EventsHandler(Arrived)(ArrivedHandler);

  const imports = [CqrsModule.forRoot()];
  const app = await NestFactory.createApplicationContext(
    { module: Application, imports, providers: [ArrivedHandler] },
    { logger: false },
  );
  await app.init();
  const bus = app.get(EventBus);
  return {
    send: (event) => {
      pending++;
      bus.publish(new Arrived(event));
    },
    drain: async () => {
      if (pending > 0) await new Promise<void>((resolve) => (onIdle = resolve));
      await app.close();
    },
  };
};
