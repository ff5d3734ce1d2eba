import { describeSeams } from './describe-seams.ts';
import { kafka } from './rigs/kafka.ts';
import { serverRig } from './rigs/server-rig.ts';

describeSeams('Kafka', async () => serverRig(await kafka()));
