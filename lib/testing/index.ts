export { delayed, flaky, type FlakyHandler, type FlakyOptions, hanging } from './script/flaky.ts';
export { timeline, type Timeline, type TimelineOptions, type WatchableBus } from './picture/timeline.ts';
export { record } from './recording/record.ts';
export type { RecordedEnd, Recording } from './recording/recording.ts';
export { waitFor, type WaitForOptions } from './recording/wait-for.ts';
