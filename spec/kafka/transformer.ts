// A worker that turns each message of a topic into one of another, in a transaction: it acknowledges out of order, and is made to be killed.
import { kafkaBroker } from 'millrace/kafka';

interface Task {
  readonly url: string;
  readonly input: string;
  readonly output: string;
  readonly group: string;
}

const { url, input, output, group } = JSON.parse(process.argv[2]!) as Task;
const broker = await kafkaBroker({
  connect: { brokers: url },
  sessionTimeoutMs: 1_500,
  heartbeatMs: 100,
  transactional: { id: group },
});
const subscription = broker.subscribe({ topics: input, group, maxInFlight: 16, from: 'earliest' });
await subscription.ready;
console.log('ready');
for await (const delivery of subscription) {
  const { id, key, body } = delivery.message;
  const made = { id: `${id}-out`, topic: output, body, headers: {}, ...(key !== undefined && { key }) };
  setTimeout(() => {
    delivery.ack({ publish: [made] }).then(
      () => console.log(id),
      () => undefined,
    );
  }, Math.random() * 10);
}
