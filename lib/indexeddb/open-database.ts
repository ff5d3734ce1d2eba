import type { SchedulerLike } from 'rxjs';
import type { MillraceError } from '../core/errors.ts';
import { cannotOpen, isBlocked, isForeign, isNewer } from './failures.ts';
import { resultOf } from './requests.ts';
import { databaseId, SCHEMA, type SchemaStep } from './schema.ts';

/** How long other tabs may take to close a database of an older format, in milliseconds: what they write must end first. */
const BLOCKED_MS = 5_000;

/** Where a database is. */
export interface DatabasePlace {
  readonly factory: IDBFactory;
  readonly name: string;
  readonly scheduler: SchedulerLike;
}

/** A database that is open, and its id. */
export interface OpenDatabase {
  readonly database: IDBDatabase;
  readonly id: string;
}

/** Opens a database; makes it, or brings it to the newest format, where that is needed. */
export async function openDatabase(
  place: DatabasePlace,
  schema: readonly SchemaStep[] = SCHEMA,
): Promise<OpenDatabase> {
  const { name } = place;
  const database = await upgrade(place, schema).catch(async (error: unknown) => {
    throw isVersionError(error) ? await tooNew(place, schema.length) : cannotOpen(name, error);
  });
  const id = await databaseId(database);
  if (id !== undefined) return { database, id };
  database.close();
  throw isForeign(name);
}

function upgrade({ factory, name, scheduler }: DatabasePlace, schema: readonly SchemaStep[]): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, schema.length);
    request.onupgradeneeded = ({ oldVersion }) => {
      for (const step of schema.slice(oldVersion)) step(request.result, request.transaction!);
    };
    request.onblocked = () => {
      const timer = scheduler.schedule(() => {
        // It goes on when the others have closed; nobody waits for it then.
        request.onsuccess = () => request.result.close();
        reject(isBlocked(name));
      }, BLOCKED_MS);
      request.addEventListener('success', () => timer.unsubscribe());
      request.addEventListener('error', () => timer.unsubscribe());
    };
    request.onsuccess = () => {
      // Until its owner knows better: an old tab never stands in the way of a new one.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error!);
  });
}

/** What a database of a higher version is, which only a look inside can tell. */
async function tooNew({ factory, name }: DatabasePlace, newest: number): Promise<MillraceError> {
  const database = await resultOf(factory.open(name)).catch((error: unknown) => {
    throw cannotOpen(name, error);
  });
  const { version } = database;
  const id = await databaseId(database);
  database.close();
  return id === undefined ? isForeign(name) : isNewer(name, version, newest);
}

function isVersionError(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'VersionError';
}
