import { runInChromium } from './run-in-chromium.ts';

await runInChromium(['bus', 'channel', 'sourcing', 'indexeddb']);
