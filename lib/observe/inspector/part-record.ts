import type { PartSnapshot } from './snapshot.ts';

/** What an inspector keeps of every part. */
export class PartRecord {
  readonly id: string;
  private readonly name: string;
  private readonly since: number;

  constructor({ id, name, since }: PartSnapshot) {
    this.id = id;
    this.name = name;
    this.since = since;
  }

  protected get identity(): PartSnapshot {
    return { id: this.id, name: this.name, since: this.since };
  }
}

/** JSON knows no Infinity. */
export function bound(capacity: number): { readonly capacity?: number } {
  return capacity === Infinity ? {} : { capacity };
}
