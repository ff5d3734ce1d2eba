/** A text of the user's without line ends and the like, which would break the rows of a picture, or forge the line of a log. */
export function inOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '?');
}
