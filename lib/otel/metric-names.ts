/** What is read when it is asked for. The first two are names of the conventions. */
export type ObservedName =
  | 'messaging.client.sent.messages'
  | 'messaging.client.consumed.messages'
  | 'millrace.bus.invalid'
  | 'millrace.refused'
  | 'millrace.handler.handled'
  | 'millrace.handler.dead_letters'
  | 'millrace.handler.drops'
  | 'millrace.handler.retries'
  | 'millrace.handler.rejections'
  | 'millrace.handler.late_results'
  | 'millrace.handler.running'
  | 'millrace.handler.waiting'
  | 'millrace.handler.between_attempts'
  | 'millrace.handler.suspended'
  | 'millrace.handler.concurrency'
  | 'millrace.handler.capacity'
  | 'millrace.handler.longest_running'
  | 'millrace.handler.circuit'
  | 'millrace.channel.waiting'
  | 'millrace.channel.suspended'
  | 'millrace.channel.capacity'
  | 'millrace.projection.lag'
  | 'millrace.projection.state'
  | 'millrace.outgoing.waiting'
  | 'millrace.outgoing.capacity'
  | 'millrace.outgoing.drops'
  | 'millrace.broker.connected'
  | 'millrace.broker.reconnects'
  | 'millrace.broker.lost_deliveries';

/** What is measured of a few. The first two are names of the conventions. */
export type MeasuredName =
  | 'messaging.client.operation.duration'
  | 'messaging.process.duration'
  | 'millrace.handler.wait.duration';
