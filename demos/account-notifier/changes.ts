import { z } from 'zod';
import type { Accounts } from './accounts.ts';

/** A line of the file. */
export const changeSchema = z.discriminatedUnion('action', [
  z.object({ action: z.literal('create'), name: z.string().min(1), email: z.email() }),
  z.object({ action: z.literal('delete'), email: z.email() }),
]);
type Change = z.infer<typeof changeSchema>;

/** @returns whether there was anything to change */
export function apply(change: Change, accounts: Accounts): boolean {
  if (change.action === 'delete') return accounts.delete(change.email);
  const { name, email } = change;
  return accounts.create({ name, email });
}
