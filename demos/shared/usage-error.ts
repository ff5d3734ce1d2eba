import { DemoError } from './demo-error.ts';

/** A command line that makes no sense. */
export class UsageError extends DemoError {}
