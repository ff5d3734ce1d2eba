import { BridgeError } from '../crossing/bridge-error.ts';

/** Characters of a problem that are shown at most. */
const MOST_CHARACTERS = 1_000;

/** A request that the server has answered otherwise than we had hoped. */
export function refusalOf({ status }: Response, text: string): BridgeError {
  return new BridgeError(
    'BRIDGE_REFUSED',
    `Expected the server to let us in, got status ${status}: ${detailOf(text)}`,
    { status },
  );
}

/** For how long the server wants to be left alone, in milliseconds; 0 if it does not say. */
export function retryAfterMs({ headers }: Response): number {
  const seconds = Number(headers.get('retry-after') ?? 0);
  // An hour at most: it may say anything.
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3_600) * 1_000 : 0;
}

/** Reads an answer that should be short, and no more of it. */
export async function shortText(response: Response, maxBytes: number): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  if (reader === undefined) return text;
  while (text.length <= maxBytes) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text.slice(0, maxBytes);
}

function detailOf(text: string): string {
  try {
    const { detail } = JSON.parse(text) as { readonly detail?: unknown };
    if (typeof detail === 'string') return detail.slice(0, MOST_CHARACTERS);
  } catch {
    // Whatever is between us and the server may answer, too.
  }
  return 'no problem that says more';
}
