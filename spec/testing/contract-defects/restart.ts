import { type Loss, RestartableServer } from '../../support/restartable-broker.ts';
import type { BrokenWorld, Defect } from './defect.ts';

export const restartDefects: readonly Defect[] = [
  {
    defect: 'keeps messages in memory alone',
    found: 'loses nothing that was confirmed over two restarts under load',
    message: /^Within 2000 ms, expected all of 1000 messages to be acknowledged, got \d+ \(/,
    make: losing('everything'),
  },
  {
    defect: 'keeps acknowledgements in memory alone',
    found: 'remembers what was acknowledged over a restart',
    message: 'Expected the deliveries after a restart, of 1 message that was left to be 1, got 11.',
    make: losing('progress'),
  },
  {
    defect: 'keeps letters in memory alone',
    found: 'has its letters still after a restart',
    message: /^Expected the ids of the letters to be 'contract-\S+-m1,\S+', got ''\.$/,
    make: losing('everything'),
  },
];

function losing(loss: Loss): Defect['make'] {
  return (clock): BrokenWorld => {
    const { open, restart } = new RestartableServer(clock, loss);
    return { open, restart, capabilities: open().capabilities };
  };
}
