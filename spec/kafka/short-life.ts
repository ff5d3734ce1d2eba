// A process that uses all that a broker has, closes it, and says what is left: nothing keeps it from ending.
import { kafkaBroker } from 'millrace/kafka';

const [url, name] = process.argv.slice(2) as [string, string];
const broker = await kafkaBroker({
  connect: { brokers: url },
  prefix: `${name}.`,
  transactional: { id: name },
  redelivery: 'retry-topics',
});
const inputs = broker.subscribe({ topics: 'input.*', group: 'group', maxInFlight: 8 });
const outputs = broker.subscribe({ topics: 'output', group: 'listeners', isEphemeral: true });
await Promise.all([inputs.ready, outputs.ready]);
await broker.publish({ id: 'm1', topic: 'input.a', body: new Uint8Array(), headers: {} });
const { value: input } = await inputs[Symbol.asyncIterator]().next();
await input!.ack({ publish: [{ id: 'm1-out', topic: 'output', body: new Uint8Array(), headers: {} }] });
const { value: output } = await outputs[Symbol.asyncIterator]().next();
const letters = broker.letterStore('letters');
await letters.add({ ...output!.message, id: 'letter' });
const [letter] = await letters.list();
console.log(input!.message.id, output!.message.id, letter!.id);
// What is unsettled, and waits to come again, holds nobody up.
await output!.nack({ delayMs: 60_000 });
await broker.close();
// Clients close their sockets in the next turns.
await new Promise((resolve) => setImmediate(resolve));
const left = process.getActiveResourcesInfo();
const count = (kind: RegExp): number => left.filter((resource) => kind.test(resource)).length;
console.log(`closed: ${count(/TCP/)} sockets, ${count(/Timeout/)} timers`);
