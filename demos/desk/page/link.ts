import { connectEvents, type ConnectionState, connectPort } from 'millrace/bridge';
import { told } from '../events.ts';
import type { LocalLog } from './local-log.ts';
import { betweenTabs, GapNoticed, LinkAsked, LinkChanged, type PageBus } from './page-events.ts';

/** How the server's events come into this browser. */
export interface Link {
  readonly state: ConnectionState;
  /** Whether this tab holds the connection. */
  readonly isHere: boolean;
}

export interface LinkOptions {
  readonly bus: PageBus;
  readonly log: LocalLog;
  readonly onChange: (link: Link) => void;
}

/**
 * One tab of a browser holds the connection, and all read what it keeps: the others wait for its lock, and whoever gets it goes on from where it was. What tabs tell
 * each other goes over a BroadcastChannel.
 */
export function openLink({ bus, log, onChange }: LinkOptions): void {
  let link: Link = { state: 'connecting', isHere: false };
  connectPort(bus, new BroadcastChannel(`${log.store.name}-tabs`), { send: betweenTabs, receive: betweenTabs });
  bus.events(LinkChanged).subscribe(({ data: { state } }) => {
    link = { ...link, state };
    onChange(link);
  });
  bus.events(LinkAsked).subscribe(() => {
    if (link.isHere) bus.emit(LinkChanged, { state: link.state });
  });
  bus.emit(LinkAsked, {});
  void hold();

  async function hold(): Promise<void> {
    // It is given up when the tab is closed. Without a database to share, each tab is on its own.
    if (log.isKept) await log.store.lock?.('connection');
    link = { ...link, isHere: true };
    const server = connectEvents(bus, '/events', {
      receive: told,
      resume: log.resume,
      saveEveryMs: 250,
      // The server is on this machine.
      retry: { maxDelayMs: 3_000 },
    });
    server.states.subscribe((state) => bus.emit(LinkChanged, { state }));
    server.gaps.subscribe(({ reason, lost }) => bus.emit(GapNoticed, { reason, lost }));
    server.errors.subscribe(({ error }) => console.info(String(error)));
    addEventListener('online', () => server.reconnect());
  }
}
