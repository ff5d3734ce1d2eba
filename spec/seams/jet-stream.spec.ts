import { describeSeams } from './describe-seams.ts';
import { jetStream } from './rigs/jet-stream.ts';
import { serverRig } from './rigs/server-rig.ts';

describeSeams('JetStream', () => serverRig(jetStream));
