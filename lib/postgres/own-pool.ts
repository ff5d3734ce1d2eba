import { InvalidOptionError } from '../core/errors.ts';
import type { OwnPool } from './postgres-pool.ts';

/** Makes a pool of `pg`, which is loaded only here: whoever brings a pool needs no second copy. */
export async function ownPool(config: Readonly<Record<string, unknown>>): Promise<OwnPool> {
  const { default: pg } = await import('pg').catch((cause: unknown) => {
    throw new InvalidOptionError(
      "Expected the package 'pg' for connect, got none. Run 'npm install pg', or give a pool of it as client.",
      'INVALID_OPTION',
      { cause },
    );
  });
  const pool = new pg.Pool({
    application_name: 'millrace',
    // Seconds of silence must not look like a connection.
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    ...config,
  });
  const open = new Set<Promise<void>>();
  pool.on('connect', (connection) => {
    const ended = new Promise<void>((resolve) => connection.once('end', resolve));
    open.add(ended);
    void ended.then(() => open.delete(ended));
  });
  // For good: a connection may still be lost while it is ended, and without a listener that would end the process.
  pool.on('error', () => undefined);
  return Object.assign(pool, { end: endAll(pool.end.bind(pool), open) });
}

/** The pool says that it has ended when it has begun to end its connections. */
function endAll(end: () => Promise<void>, open: ReadonlySet<Promise<void>>): () => Promise<void> {
  return async () => {
    await end();
    await Promise.all(open);
  };
}
