import { runChild } from '../shared/in-child.ts';
import type { ServiceName, Settings } from './services/service.ts';
import { services } from './services/services.ts';
import { type BrokerAddress, openBroker } from './world/open-broker.ts';

const [name = 'web', address = '', settings = ''] = process.argv.slice(2);

/** One of the three processes: a broker's client, and a service. */
await runChild(async ({ report, told }) => {
  report({ kind: 'opening' });
  await using broker = await openBroker(JSON.parse(address) as BrokerAddress);
  await services[name as ServiceName]({ broker, report, told }, JSON.parse(settings) as Settings);
});
