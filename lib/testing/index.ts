export { delayed, flaky, type FlakyHandler, type FlakyOptions, hanging } from './script/flaky.ts';
