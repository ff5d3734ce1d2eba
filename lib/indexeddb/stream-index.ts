import { resultOf } from './requests.ts';

/** The keys of a stream's events from one version to another, in the index of versions. */
export function versionsOf(
  keyRange: typeof IDBKeyRange,
  stream: string,
  from: number = 1,
  to: number = Number.MAX_SAFE_INTEGER,
): IDBKeyRange {
  return keyRange.bound([stream, from], [stream, to]);
}

/** The version of a stream's last event; 0 if there is none. */
export async function lastVersion(
  keyRange: typeof IDBKeyRange,
  transaction: IDBTransaction,
  stream: string,
): Promise<number> {
  const index = transaction.objectStore('events').index('version');
  const cursor = await resultOf(index.openKeyCursor(versionsOf(keyRange, stream), 'prev'));
  return cursor === null ? 0 : (cursor.key as [string, number])[1];
}
