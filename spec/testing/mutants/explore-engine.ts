// Run by find-mutant.ts in a process of its own: explores the engine that it is bundled with, and prints what it found.
import { explore } from 'millrace/testing';
import { engineScenario } from '../explorations/engine.ts';
import type { Finding } from './find-mutant.ts';

const finding = await explore(engineScenario, { runs: Number(process.argv[2]), seed: 1 }).then(
  (): Finding => ({ run: undefined, message: '' }),
  ({ message }: Error): Finding => ({ run: Number(/run (\d+) failed/u.exec(message)?.[1] ?? Number.NaN), message }),
);
process.stdout.write(JSON.stringify(finding));
process.exit();
