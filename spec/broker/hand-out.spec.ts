import { describe, expect, it } from 'vitest';
import type { BrokerDelivery } from 'millrace';
import { HandOut } from '../../lib/broker/hand-out.ts';
import { SettleOnce } from '../../lib/broker/settle-once.ts';
import { messageOf } from '../support/broker-messages.ts';
import { settled } from '../support/virtual-clock.ts';
import { ownerOf } from './delivery-owner.ts';

const delivery = (id: string): SettleOnce<string> =>
  new SettleOnce({ message: messageOf(id), deliveryCount: 1, tag: id }, ownerOf());

/** What the loops of a hand-out were given. */
async function idOf(next: Promise<IteratorResult<BrokerDelivery, undefined>>): Promise<string> {
  const { value, done } = await next;
  return done === true ? 'end' : value.message.id;
}

describe('a hand-out', () => {
  it('keeps what comes until somebody asks, in its order', async () => {
    const handOut = new HandOut();
    for (const id of 'abc') handOut.push(delivery(id));
    const [one, other] = [handOut.loop(), handOut.loop()];
    expect(await idOf(one.next())).toBe('a');
    expect(await idOf(other.next())).toBe('b');
    expect(await idOf(one.next())).toBe('c');
  });

  it('gives what comes to who has waited longest', async () => {
    const handOut = new HandOut();
    const [one, other] = [handOut.loop(), handOut.loop()];
    const given = [one.next(), other.next(), one.next()].map(idOf);
    expect(handOut.asking).toBe(3);
    for (const id of 'abc') handOut.push(delivery(id));
    expect(await Promise.all(given)).toEqual(['a', 'b', 'c']);
    expect(handOut.asking).toBe(0);
  });

  it('does not hand out what was settled or lost while it waited', async () => {
    const handOut = new HandOut();
    const [a, b, c] = ['a', 'b', 'c'].map(delivery);
    for (const each of [a!, b!, c!]) handOut.push(each);
    a!.lose('its lease lapsed');
    await b!.ack();
    expect(await idOf(handOut.loop().next())).toBe('c');
  });

  it('takes for who asks, unless somebody waits already', async () => {
    const there = [delivery('a')];
    const handOut = new HandOut(undefined, undefined, () => there.shift());
    const [one, other] = [handOut.loop(), handOut.loop()];
    expect(await idOf(one.next())).toBe('a');
    const first = idOf(one.next());
    there.push(delivery('c'));
    const second = idOf(other.next());
    expect(there).toHaveLength(1);
    handOut.push(delivery('b'));
    handOut.push(there.shift()!);
    expect(await Promise.all([first, second])).toEqual(['b', 'c']);
  });

  it('takes nothing once it has ended', async () => {
    const handOut = new HandOut(undefined, undefined, () => delivery('a'));
    handOut.end();
    expect(await idOf(handOut.loop().next())).toBe('end');
  });

  it('says when it is asked and has nothing, and when nobody asks any more', async () => {
    const said: string[] = [];
    const handOut = new HandOut(
      () => said.push(`asked by ${handOut.asking}`),
      () => said.push('unasked'),
    );
    handOut.push(delivery('a'));
    const [one, other] = [handOut.loop(), handOut.loop()];
    await one.next();
    expect(said).toEqual([]);
    void one.next();
    void other.next();
    expect(said).toEqual(['asked by 1', 'asked by 2']);
    await one.return!();
    expect(said).toHaveLength(2);
    await other.return!();
    expect(said.slice(2)).toEqual(['unasked']);
  });

  it('gives nothing to a loop that was left, and keeps it for the next', async () => {
    const handOut = new HandOut();
    const left = handOut.loop();
    const next = idOf(left.next());
    await left.return!();
    handOut.push(delivery('a'));
    expect(await next).toBe('end');
    expect(await idOf(handOut.loop().next())).toBe('a');
  });

  it('ends loops that wait and loops that begin later, and drops what waits', async () => {
    const handOut = new HandOut();
    const waiting = idOf(handOut.loop().next());
    handOut.end();
    expect(await waiting).toBe('end');
    handOut.push(delivery('a'));
    expect(await idOf(handOut.loop().next())).toBe('end');
  });

  it('ends with the first end: an error that everybody is told, and nobody must hear', async () => {
    const handOut = new HandOut();
    const waiting = handOut.loop().next();
    const failure = new Error('the group was deleted');
    handOut.end(failure);
    handOut.end();
    await expect(waiting).rejects.toBe(failure);
    await expect(handOut.loop().next()).rejects.toBe(failure);
    // A rejection that nobody has heard would end the run.
    new HandOut().end(failure);
    await settled();
  });
});
