const ENCODER = /* @__PURE__ */ new TextEncoder();

/** A text as bytes. */
export function bytesOf(text: string): Uint8Array {
  return ENCODER.encode(text);
}

/** Whether a text has at most so many bytes in UTF-8; measured only where its length does not say it. */
export function fits(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return false;
  return text.length * 3 <= maxBytes || bytesOf(text).length <= maxBytes;
}
