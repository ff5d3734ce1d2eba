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
  return new pg.Pool({
    application_name: 'millrace',
    // Seconds of silence must not look like a connection.
    keepAlive: true,
    connectionTimeoutMillis: 10_000,
    ...config,
  });
}
