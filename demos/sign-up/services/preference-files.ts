import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SignUpRequest } from '../events.ts';

/** What a user has chosen. */
export type Preferences = SignUpRequest;

export interface PreferenceStore {
  set(userId: string, preferences: Preferences): Promise<void>;
}

/** A store of one file per user. */
export class PreferenceFiles implements PreferenceStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A crash leaves the old file or the new one, never half of it: a file gets its name when it is complete. */
  async set(userId: string, preferences: Preferences): Promise<void> {
    const file = this.#fileOf(userId);
    await writeFile(`${file}.new`, JSON.stringify(preferences, undefined, 2), { flush: true });
    await rename(`${file}.new`, file);
  }

  /** The ids of all users. */
  async users(): Promise<readonly string[]> {
    const files = await readdir(this.#folder);
    return files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  }

  async get(userId: string): Promise<Preferences> {
    return JSON.parse(await readFile(this.#fileOf(userId), 'utf8')) as Preferences;
  }

  #fileOf(userId: string): string {
    return join(this.#folder, `${userId}.json`);
  }
}
