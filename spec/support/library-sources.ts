import { readdir } from 'node:fs/promises';

/** The files of lib/, as in `lib/core/message.ts`. */
export async function librarySources(): Promise<string[]> {
  const names = await readdir('lib', { recursive: true });
  return names.filter((name) => name.endsWith('.ts')).map((name) => `lib/${name}`);
}
