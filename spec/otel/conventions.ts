import type { Attributes } from '@opentelemetry/api';
import { expect } from 'vitest';

/**
 * What OpenTelemetry's semantic conventions for messaging ask for, as of version 1.45.0: copied from docs/messaging/messaging-spans.md and messaging-metrics.md of
 * open-telemetry/semantic-conventions, and from `@opentelemetry/semantic-conventions` 1.45.0 (by then, `messaging.system.name` stands where `messaging.system` was).
 */
export const VERSION = '1.45.0';

type Level = 'Conditionally Required' | 'Recommended' | 'Required';

/** Checks that there are none but those of a table, and our own, and that those that are required are there. */
export function expectAttributes(attributes: Attributes, table: Readonly<Record<string, Level>>): void {
  const foreign = Object.keys(attributes).filter((key) => !key.startsWith('millrace.') && !(key in table));
  const required = Object.keys(table).filter((key) => table[key] === 'Required');
  expect(foreign).toStrictEqual([]);
  expect(Object.keys(attributes)).toStrictEqual(expect.arrayContaining(required));
}

/** Spans: their kind, the type of their operation, and their attributes. */
export const SPANS: Readonly<
  Record<string, { readonly kind: string; readonly attributes: Readonly<Record<string, Level>> }>
> = {
  send: {
    kind: 'PRODUCER',
    attributes: {
      'messaging.operation.name': 'Required',
      'messaging.system.name': 'Required',
      'error.type': 'Conditionally Required',
      'messaging.batch.message_count': 'Conditionally Required',
      'messaging.destination.name': 'Conditionally Required',
      'messaging.operation.type': 'Conditionally Required',
      'messaging.message.conversation_id': 'Recommended',
      'messaging.message.id': 'Recommended',
    },
  },
  process: {
    kind: 'CONSUMER',
    attributes: {
      'messaging.operation.name': 'Required',
      'messaging.system.name': 'Required',
      'error.type': 'Conditionally Required',
      'messaging.batch.message_count': 'Conditionally Required',
      'messaging.destination.name': 'Conditionally Required',
      'messaging.operation.type': 'Conditionally Required',
      'messaging.message.conversation_id': 'Recommended',
      'messaging.message.id': 'Recommended',
      // Of the registry: the conventions of single systems, and the metrics, have them.
      'messaging.consumer.group.name': 'Recommended',
      'messaging.destination.subscription.name': 'Recommended',
    },
  },
};

/** Metrics: their instrument, unit and attributes. */
export const METRICS: Readonly<
  Record<
    string,
    { readonly instrument: string; readonly unit: string; readonly attributes: Readonly<Record<string, Level>> }
  >
> = {
  'messaging.client.operation.duration': {
    instrument: 'histogram',
    unit: 's',
    attributes: {
      'messaging.operation.name': 'Required',
      'messaging.system.name': 'Required',
      'error.type': 'Conditionally Required',
      'messaging.consumer.group.name': 'Conditionally Required',
      'messaging.destination.name': 'Conditionally Required',
      'messaging.destination.subscription.name': 'Conditionally Required',
      'messaging.operation.type': 'Conditionally Required',
    },
  },
  'messaging.client.sent.messages': {
    instrument: 'counter',
    unit: '{message}',
    attributes: {
      'messaging.operation.name': 'Required',
      'messaging.system.name': 'Required',
      'error.type': 'Conditionally Required',
      'messaging.destination.name': 'Conditionally Required',
    },
  },
  'messaging.client.consumed.messages': {
    instrument: 'counter',
    unit: '{message}',
    attributes: {
      'messaging.operation.name': 'Required',
      'messaging.system.name': 'Required',
      'error.type': 'Conditionally Required',
      'messaging.consumer.group.name': 'Conditionally Required',
      'messaging.destination.name': 'Conditionally Required',
      'messaging.destination.subscription.name': 'Conditionally Required',
    },
  },
  'messaging.process.duration': {
    instrument: 'histogram',
    unit: 's',
    attributes: {
      'messaging.operation.name': 'Required',
      'messaging.system.name': 'Required',
      'error.type': 'Conditionally Required',
      'messaging.consumer.group.name': 'Conditionally Required',
      'messaging.destination.name': 'Conditionally Required',
      'messaging.destination.subscription.name': 'Conditionally Required',
    },
  },
};
