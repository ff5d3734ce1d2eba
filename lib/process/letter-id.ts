import { type CreateId, randomId } from '../core/ids.ts';
import type { ErrorReports } from './error-reports.ts';

/** The id of a dead letter. It must have one, come what may. */
export function letterId(createId: CreateId, time: number, errors: ErrorReports): string {
  try {
    return createId(time);
  } catch (error) {
    errors.report('policy', error);
    return randomId();
  }
}
