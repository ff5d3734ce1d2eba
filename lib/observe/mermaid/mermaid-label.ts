const MAX_LENGTH = 80;

/**
 * Texts as the lines of a label in quotes. Whatever could mean something to Mermaid, to Markdown or to HTML is written as a character code, such as `#34;`: quotes, brackets, `%%` and
 * `style:` among them. Within quotes, a word that Mermaid reserves is a word.
 */
export function mermaidLabel(...lines: readonly string[]): string {
  return `"${lines.map(escaped).join('<br/>')}"`;
}

function escaped(text: string): string {
  const characters = Array.from(text.replaceAll(UNPRINTABLE, ' ').trim());
  // Mermaid refuses an empty label.
  if (characters.length === 0) return '(no name)';
  const shown = characters.length > MAX_LENGTH ? characters.slice(0, MAX_LENGTH - 1).concat('…') : characters;
  return shown.join('').replaceAll(SPECIAL, (character) => `#${character.codePointAt(0)!};`);
}

/** New lines, halves of characters, and marks that turn the direction of all that follows. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu;

/** What does not stand for itself everywhere; and what would begin a list in Markdown. */
const SPECIAL = /[^\P{ASCII}a-z0-9 .,/_()-]|^-|[.)](?= )/giu;
