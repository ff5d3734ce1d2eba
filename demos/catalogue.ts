import { demo as account } from './account/demo.ts';
import { demo as accountNotifier } from './account-notifier/demo.ts';
import { demo as brokers } from './brokers/demo.ts';
import { demo as crash } from './crash/demo.ts';
import { demo as desk } from './desk/demo.ts';
import { demo as earthquakeDesk } from './earthquake-desk/demo.ts';
import { demo as search } from './search/demo.ts';
import { demo as replay } from './replay/demo.ts';
import { demo as routing } from './routing/demo.ts';
import type { Demo } from './shared/demo.ts';
import { demo as signUp } from './sign-up/demo.ts';

/** Every demo of this folder. None loads what it runs before it is run. */
export const catalogue: readonly Demo[] = [
  signUp,
  accountNotifier,
  account,
  crash,
  brokers,
  replay,
  routing,
  search,
  desk,
  earthquakeDesk,
];
