import type { BrokerMessage } from './broker-message.ts';

/**
 * Letters that a broker keeps, by id, until they are removed: where a group's dead letters are. Several processes may use one at the same time, and
 * programs of other kinds may look into it: each adapter says where it is on its server.
 */
export interface BrokerLetterStore {
  /** Keeps a letter; one with the same id is replaced. Its topic is kept with it, and it is not published there. @returns when the broker has confirmed it */
  add(letter: BrokerMessage): Promise<void>;
  /** Forgets a letter; an unknown id is no error. @returns when the broker will not list it any more */
  remove(id: string): Promise<void>;
  /**
   * Looks for what it needs on its server, if the broker may not make it; makes nothing. Where there is nothing to look for, it may be left out.
   *
   * @throws TopologyError when that is missing
   */
  check?(): Promise<void>;
  /** All letters, the oldest first. What another process removes or adds meanwhile may be among them or not. */
  list(): Promise<readonly BrokerMessage[]>;
}
