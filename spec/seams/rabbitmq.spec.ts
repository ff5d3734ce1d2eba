import { describeSeams } from './describe-seams.ts';
import { rabbitmq } from './rigs/rabbitmq.ts';
import { serverRig } from './rigs/server-rig.ts';

describeSeams('RabbitMQ', () => serverRig(rabbitmq));
