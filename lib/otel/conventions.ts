/**
 * The names of OpenTelemetry's semantic conventions for messaging that are used here, as of version 1.45.0, in which they are still in development.
 *
 * After "Semantic conventions for messaging spans" and "… metrics" (opentelemetry.io/docs/specs/semconv/messaging).
 */
export const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.45.0';

/** Of the instrumentation: what spans and metrics say that they come from. */
export const SCOPE = 'millrace';

export const SYSTEM = 'messaging.system.name';
export const OPERATION_NAME = 'messaging.operation.name';
export const OPERATION_TYPE = 'messaging.operation.type';
export const DESTINATION = 'messaging.destination.name';
export const GROUP = 'messaging.consumer.group.name';
export const SUBSCRIPTION = 'messaging.destination.subscription.name';
export const MESSAGE_ID = 'messaging.message.id';
export const CONVERSATION_ID = 'messaging.message.conversation_id';
export const BATCH_SIZE = 'messaging.batch.message_count';
export const ERROR_TYPE = 'error.type';
export const EXCEPTION_MESSAGE = 'exception.message';

/** What `error.type` says of an error that is not counted by itself. */
export const OTHER = '_OTHER';
