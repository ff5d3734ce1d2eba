import { type User, UserCreated, UserDeleted, type UserEmitter } from './events.ts';

/** The accounts of a service. It announces what happens to them, and does not know who listens. */
export class Accounts {
  readonly #events: UserEmitter;
  readonly #users = new Map<string, User>();
  #announced = 0;

  constructor(events: UserEmitter) {
    this.#events = events;
  }

  /** @returns whether there was no such account yet */
  create(user: User): boolean {
    if (this.#users.has(user.email)) return false;
    this.#users.set(user.email, user);
    this.#events.emit(UserCreated, user, this.#numbered());
    return true;
  }

  /** @returns whether there was such an account */
  delete(email: string): boolean {
    const user = this.#users.get(email);
    if (user === undefined) return false;
    this.#users.delete(email);
    this.#events.emit(UserDeleted, user, this.#numbered());
    return true;
  }

  /** A number is an id that can be followed with the eye. */
  #numbered(): { readonly id: string } {
    return { id: String(++this.#announced) };
  }
}
