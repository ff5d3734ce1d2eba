import { runInChromium } from './run-in-chromium.ts';

await runInChromium(['core', 'flow', 'process']);
