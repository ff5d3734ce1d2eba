import { describeSeams } from './describe-seams.ts';
import { memoryRig } from './rigs/memory-rig.ts';

describeSeams('a memory broker that can be stopped', memoryRig);
