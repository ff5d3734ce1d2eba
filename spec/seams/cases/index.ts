import type { Seam } from '../seam.ts';
import { handlerSeams } from './handlers.ts';
import { outageSeams } from './outages.ts';
import { processSeams } from './processes.ts';

/** Where brokers and their users come apart. */
export const SEAMS: readonly Seam[] = [...outageSeams, ...handlerSeams, ...processSeams];
