import { describeSeams } from './describe-seams.ts';
import { nats } from './rigs/nats.ts';
import { serverRig } from './rigs/server-rig.ts';

describeSeams('core NATS', () => serverRig(nats));
