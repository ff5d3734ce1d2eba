import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import type { Authorize } from 'millrace/bridge';

/** Letters and digits that nobody takes for each other. */
const SIGNS = 'ACDEFHJKLMNPQRTUVWXY3479';

/** A code that is easily typed: `K7QR-TM4X`. */
export function drawCode(): string {
  const signs = Array.from({ length: 8 }, () => SIGNS[randomInt(SIGNS.length)]);
  return `${signs.slice(0, 4).join('')}-${signs.slice(4).join('')}`;
}

/**
 * Lets everybody subscribe, and nobody publish but who has the code. What it refuses is refused event by event: the page is told of each, and sends none
 * of them again.
 */
export function dutyOfficer(code: string): Authorize {
  const expected = digest(`Bearer ${code}`);
  return ({ headers }, { kind }) => {
    if (kind === 'subscribe') return true;
    // In the same time, however much of it is right.
    const isOfficer = timingSafeEqual(digest(headers.get('authorization') ?? ''), expected);
    return isOfficer || (() => false);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
