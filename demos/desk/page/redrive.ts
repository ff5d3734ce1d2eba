import { connectEvents } from 'millrace/bridge';
import { asked, RedriveRequested } from '../events.ts';
import type { PageBus } from './page-events.ts';

/** What the server has said of redrives: those that it allows it carries out. */
type RedriveAnswer = 'allowed' | 'refused';

export interface Redriver {
  /** Sent with each redrive; empty: none. */
  code: string;
  /** Asks for redrives; resolves when the server has answered, however long it is away. */
  redrive(letters: readonly string[]): Promise<RedriveAnswer>;
}

const STORED_CODE = 'desk-code';

/** Sends what this tab asks for, with its own code: each tab for itself. */
export function openRedriver(bus: PageBus): Redriver {
  let code = sessionStorage.getItem(STORED_CODE) ?? '';
  const server = connectEvents(bus, '/events', {
    send: asked,
    headers: () => (code === '' ? {} : { authorization: `Bearer ${code}` }),
    retry: { maxDelayMs: 3_000 },
  });
  server.errors.subscribe(({ error }) => console.info(String(error)));
  // One after the other: so it is known which of them was refused.
  let last: Promise<unknown> = Promise.resolve();

  return {
    get code() {
      return code;
    },
    set code(typed) {
      // A header is ASCII.
      code = typed.replaceAll(/[^\x21-\x7e]/g, '');
      sessionStorage.setItem(STORED_CODE, code);
    },
    redrive(letters) {
      const answer = last.then(async () => ask(letters));
      last = answer.catch(() => undefined);
      return answer;
    },
  };

  async function ask(letters: readonly string[]): Promise<RedriveAnswer> {
    const { refused } = server.stats().outgoing;
    for (const letter of letters) bus.emit(RedriveRequested, { letter });
    await server.flushed();
    return server.stats().outgoing.refused > refused ? 'refused' : 'allowed';
  }
}
