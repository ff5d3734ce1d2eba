import { InvalidOptionError } from '../../core/errors.ts';
import { show } from '../../core/options.ts';
import type { BusRecording } from '../recording/bus-recording.ts';
import { recordingOf } from '../recording/record.ts';

/**
 * The recording that an `expect(…)` was given, or that of the bus that it was given.
 *
 * @throws InvalidOptionError for a bus that is not recorded, and for what is neither
 */
export function recordedTarget(target: unknown): BusRecording {
  const recording = typeof target === 'object' && target !== null ? recordingOf(target) : undefined;
  if (recording !== undefined) return recording;
  if (isBus(target)) {
    throw new InvalidOptionError(
      'Expected a bus that is recorded, got one that is not, or no longer. Call record(bus) first, before what it is to see; of a recording that was closed, give the recording.',
    );
  }
  throw new InvalidOptionError(`Expected a bus that is recorded, or its recording, got ${show(target)}.`);
}

function isBus(target: unknown): boolean {
  const { emit, events } = (target ?? {}) as { emit?: unknown; events?: unknown };
  return typeof emit === 'function' || typeof events === 'function';
}
