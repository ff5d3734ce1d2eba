import {
  createBrokeredBus,
  createChannel,
  createEventBus,
  createProcessor,
  logProbe,
  type LogTarget,
  memoryBroker,
  type Probe,
} from 'millrace';
import { pino } from 'pino';
import { expectTypeOf, it } from 'vitest';
import winston from 'winston';

it('takes pino, winston and console as they are', () => {
  expectTypeOf(logProbe(pino())).toEqualTypeOf<Probe>();
  logProbe(pino().child({ service: 'billing' }));
  logProbe(winston.createLogger());
  logProbe(console);
  expectTypeOf(pino()).toExtend<LogTarget>();
});

it('takes a logger of yours', () => {
  logProbe({
    info: (text: string, fields: object) => [text, fields],
    warn: async (text: string) => text,
    error: () => undefined,
  });
  // @ts-expect-error no error
  logProbe({ info: () => undefined, warn: () => undefined });
  // @ts-expect-error a function is no logger
  logProbe(() => undefined);
});

it('is a probe for whatever takes one', () => {
  createEventBus({ probe: logProbe(console) });
  createEventBus({ probe: [logProbe(console), {}] });
  createBrokeredBus(memoryBroker(), { group: 'billing', probe: logProbe(console) });
  createChannel({ capacity: 1, probe: logProbe(console) });
  createProcessor(() => undefined, { probe: logProbe(console) });
});

it('has options', () => {
  logProbe(console, { payloads: true, maxPerSecond: Infinity, style: 'message-first' });
  logProbe(console, {
    payloads: (data, type) => {
      expectTypeOf(data).toEqualTypeOf<unknown>();
      expectTypeOf(type).toEqualTypeOf<string | undefined>();
      return data;
    },
  });
  // @ts-expect-error no such style
  logProbe(console, { style: 'pino' });
  // @ts-expect-error no such option
  logProbe(console, { payload: true });
});
