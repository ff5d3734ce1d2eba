import { type FileHandle, open } from 'node:fs/promises';
import type { SignUpMessage } from '../events.ts';

/** A line of the log: who did what and when, and nothing that is nobody's business. */
export interface AuditEntry {
  readonly at: string;
  readonly event: string;
  readonly type: string;
  readonly user: string;
}

/** One at a time, in order, as is the default. */
export const auditOptions = { name: 'audit-log', retry: { maxAttempts: 3 } };

/** Appends a line for each event. Its order is that of the events, as a handler gets one at a time unless it asks for more. */
export class AuditLog implements AsyncDisposable {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<AuditLog> {
    return new AuditLog(await open(path, 'a'));
  }

  async handle({ id, type, time, data }: SignUpMessage): Promise<void> {
    const entry: AuditEntry = { at: new Date(time).toISOString(), event: id, type, user: data.userId };
    await this.#file.appendFile(`${JSON.stringify(entry)}\n`);
    // Handled means that it is on the disk, not only on its way.
    await this.#file.datasync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
