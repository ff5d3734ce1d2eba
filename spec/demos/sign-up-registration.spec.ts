import { createEventBus } from 'millrace';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type SignUpMessage, UserSignedUp } from '../../demos/sign-up/events.ts';
import { Registration, type SettledSignUp } from '../../demos/sign-up/intake/registration.ts';
import { HeldHandler } from '../support/held-handler.ts';

describe('the registration of the sign-up demo', () => {
  it('publishes a sign-up, and answers with the ids of user and event before any service is done', async () => {
    const { registration, service, reports } = openRegistration();
    const answer = registration.take('{"email":"Ada@Engine.example","name":" Ada ","plan":"team"}');
    expect(answer).toStrictEqual({ code: 'accepted', userId: expect.any(String), eventId: expect.any(String) });
    const { userId, eventId } = answer;
    expect(registration.accepted).toStrictEqual([{ userId, eventId }]);
    expect(reports).toStrictEqual([]);
    expect(service.call(0).event).toMatchObject({ id: eventId, subject: userId });
    expect(service.call(0).event.data).toStrictEqual({
      userId,
      email: 'ada@engine.example',
      name: 'Ada',
      plan: 'team',
      language: 'en',
      newsletter: false,
    });
    service.call(0).succeed();
    await registration.settled();
    expect(reports).toMatchObject([{ userId, eventId, report: { ok: true } }]);
  });

  it.each(['', '{', "{'email':'ada@engine.example'}", 'undefined'])('answers what was expected to %j', (body) => {
    const answer = openRegistration().registration.take(body);
    expect(answer).toMatchObject({
      code: 'malformed',
      error: expect.stringContaining('Expected JSON such as {"email"'),
    });
  });

  it.each([
    ['null', ['data']],
    ['[]', ['data']],
    ['{}', ['email', 'name', 'plan']],
    ['{"email":"ada","name":"Ada","plan":"gold"}', ['email', 'plan']],
    [
      '{"email":"ada@engine.example","name":"Ada","plan":"free","language":"tlh","newsletter":1}',
      ['language', 'newsletter'],
    ],
  ])('answers where %s does not fit', (body, paths) => {
    const { registration, service } = openRegistration();
    const { code, issues } = registration.take(body);
    expect(code).toBe('invalid');
    expect(issues?.map(({ path }) => path)).toStrictEqual(paths);
    expect(service.calls).toStrictEqual([]);
  });

  it('takes an address once, however it is written, also one of an earlier run', () => {
    const { registration } = openRegistration(['alan@engine.example']);
    expect(registration.take(signUp('ada')).code).toBe('accepted');
    expect(registration.take(signUp('ADA')).code).toBe('duplicate');
    expect(registration.take(signUp('alan')).code).toBe('duplicate');
  });

  it('asks to come again as long as the services are 100 sign-ups behind', async () => {
    const { registration, service } = openRegistration();
    for (let index = 0; index < 100; index++) expect(registration.take(signUp(`user${index}`)).code).toBe('accepted');
    expect(registration.take(signUp('ada')).code).toBe('busy');
    const settled = firstValueFrom(registration.reports);
    service.call(0).fail();
    await settled;
    expect(registration.take(signUp('ada')).code).toBe('accepted');
    expect(registration.take(signUp('alan')).code).toBe('busy');
  });

  it('takes nobody when it is closed', () => {
    const { registration, service } = openRegistration();
    registration.close();
    expect(registration.take(signUp('ada')).code).toBe('closing');
    expect(registration.take('{').code).toBe('closing');
    expect(service.calls).toStrictEqual([]);
  });
});

function openRegistration(known: readonly string[] = []) {
  const bus = createEventBus({ events: [UserSignedUp] });
  const service = new HeldHandler<SignUpMessage>();
  bus.on(UserSignedUp, service.handle, { concurrency: 1_000 });
  const registration = new Registration(bus, known);
  const reports: SettledSignUp[] = [];
  registration.reports.subscribe((settled) => reports.push(settled));
  return { registration, service, reports };
}

function signUp(name: string): string {
  return JSON.stringify({ email: `${name}@engine.example`, name, plan: 'free' });
}
