import { createEventBus, defineEvent, payload } from 'millrace';
import { delayed, timeline, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

const UserSignedUp = defineEvent('user.signed_up', payload<{ name: string }>());
const UserLeft = defineEvent('user.left', payload<{ name: string }>());
const PasswordChanged = defineEvent('user.password.changed', payload<{ name: string }>());

it(
  'audits whatever happens to users in the order in which it happened, and mails about some of it',
  virtualTest(async ({ time }) => {
    const bus = createEventBus({ events: [UserSignedUp, UserLeft, PasswordChanged] });
    const audited: string[] = [];
    const mailed: string[] = [];
    bus.on('user.>', ({ type, data }) => audited.push(`${type} ${data.name}`), { name: 'audit' });
    bus.on(
      'user.*',
      delayed(({ type }) => mailed.push(type), 3),
      { name: 'mail' },
    );
    const picture = timeline(bus);

    bus.emit(UserSignedUp, { name: 'ada' });
    await time.advance(5);
    bus.emit(PasswordChanged, { name: 'ada' });
    await time.advance(5);
    bus.emit(UserLeft, { name: 'ada' });
    await bus.drain();

    expect(audited).toEqual(['user.signed_up ada', 'user.password.changed ada', 'user.left ada']);
    expect(mailed).toEqual(['user.signed_up', 'user.left']);
    expect(String(picture)).toMatchInlineSnapshot(`
      "ms                     0    5    10
      user.signed_up         a------------|
      user.password.changed  -----b-------|
      user.left              ----------c--|
      audit                  a    b    c
      mail                   a~~|      c~~|"
    `);
  }),
);
