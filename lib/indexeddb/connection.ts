import type { MillraceError } from '../core/errors.ts';
import { failureOf, isLostConnection, wasDeleted, wasTaken } from './failures.ts';
import { type DatabasePlace, openDatabase } from './open-database.ts';
import { endOf } from './requests.ts';

/** When a write is safe. */
export type Durability = 'relaxed' | 'strict';

/** What is done in a transaction. It awaits nothing but the transaction's requests. */
type Work<Result> = (transaction: IDBTransaction) => Promise<Result>;

/** A connection to a database, made again where the browser has lost it. */
export class Connection {
  readonly #place: DatabasePlace;
  readonly #durability: Durability;
  readonly #onChange: () => void;
  readonly #running = new Set<Promise<unknown>>();
  #database: Promise<IDBDatabase> | undefined;
  #current: IDBDatabase | undefined;
  #id: string | undefined;
  /** Why there will be no connection any more. */
  #end: MillraceError | undefined;

  /** @param onChange - is called when the connection was lost or taken */
  constructor(place: DatabasePlace, durability: Durability, onChange: () => void) {
    this.#place = place;
    this.#durability = durability;
    this.#onChange = onChange;
  }

  /** The database; opened, if it is not. */
  async open(): Promise<IDBDatabase> {
    if (this.#end !== undefined) throw this.#end;
    return (this.#database ??= this.#connect());
  }

  /** Reads in one transaction. */
  read<Result>(stores: readonly string[], work: Work<Result>): Promise<Result> {
    return this.#track(stores, 'readonly', work);
  }

  /** Writes in one transaction, and waits until that is safe. Nothing is written if `work` fails. */
  write<Result>(stores: readonly string[], work: Work<Result>): Promise<Result> {
    return this.#track(stores, 'readwrite', work);
  }

  /** Waits for what is running, and lets go of the database. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#running);
    const database = await this.#database?.catch(() => undefined);
    database?.close();
  }

  async #track<Result>(stores: readonly string[], mode: IDBTransactionMode, work: Work<Result>): Promise<Result> {
    const running = this.#run(stores, mode, work);
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      throw failureOf(this.#place.name, error);
    } finally {
      this.#running.delete(running);
    }
  }

  async #run<Result>(stores: readonly string[], mode: IDBTransactionMode, work: Work<Result>): Promise<Result> {
    const database = await this.open();
    try {
      return await this.#transact(database, stores, mode, work);
    } catch (error) {
      if (!isLostConnection(error)) throw error;
      this.#drop(database);
    }
    // Twice is safe: should the first have been written although it failed, its events are recognised by their ids.
    return this.#transact(await this.open(), stores, mode, work);
  }

  async #transact<Result>(
    database: IDBDatabase,
    stores: readonly string[],
    mode: IDBTransactionMode,
    work: Work<Result>,
  ): Promise<Result> {
    const transaction = database.transaction([...stores], mode, { durability: this.#durability });
    const end = endOf(transaction);
    end.catch(() => undefined); // What it says is awaited, or known already.
    try {
      const result = await work(transaction);
      if (mode === 'readonly') return result;
      transaction.commit();
      await end;
      return result;
    } catch (error) {
      abort(transaction);
      // A request only says that its transaction was aborted, and the transaction, why.
      throw transaction.error ?? error;
    }
  }

  async #connect(): Promise<IDBDatabase> {
    try {
      const { database, id } = await openDatabase(this.#place);
      database.onversionchange = ({ newVersion }) => {
        database.close();
        this.#fail(wasTaken(this.#place.name, newVersion));
      };
      database.onclose = () => {
        this.#drop(database);
        this.#onChange();
      };
      this.#id ??= id;
      if (this.#id === id) return (this.#current = database);
      database.close();
      throw this.#fail(wasDeleted(this.#place.name));
    } catch (error) {
      this.#database = undefined;
      throw error;
    }
  }

  #fail(error: MillraceError): MillraceError {
    this.#end = error;
    this.#onChange();
    return error;
  }

  #drop(database: IDBDatabase): void {
    database.close();
    // Another call may have opened the next one meanwhile.
    if (this.#current !== database) return;
    this.#database = undefined;
    this.#current = undefined;
  }
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}
