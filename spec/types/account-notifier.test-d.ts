import type { EventSubscription } from 'millrace';
import { describe, expectTypeOf, it } from 'vitest';
import { UserCreated, UserDeleted, type UserEmitter, type UserListener } from '../../demos/account-notifier/events.ts';
import { registerAdminMail } from '../../demos/account-notifier/notifiers/admin-mail.ts';
import { registerChatWebhook } from '../../demos/account-notifier/notifiers/chat-webhook.ts';
import { registerNameBadges } from '../../demos/account-notifier/notifiers/name-badges.ts';
import { registerStory } from '../../demos/account-notifier/notifiers/story.ts';

declare const listener: UserListener;
declare const emitter: UserEmitter;
const user = { name: 'Ada Lovelace', email: 'ada@engine.example' };

describe('the account notifier', () => {
  it('hands its notifiers a bus to listen to', () => {
    for (const register of [registerAdminMail, registerChatWebhook, registerNameBadges, registerStory]) {
      expectTypeOf(register).parameter(0).toEqualTypeOf<UserListener>();
    }
    expectTypeOf(
      listener.on(UserCreated, ({ data }) => {
        expectTypeOf(data).toEqualTypeOf<{ name: string; email: string }>();
      }),
    ).toEqualTypeOf<EventSubscription>();
  });

  it('lets nobody send who only listens', () => {
    // @ts-expect-error there is no emit
    listener.emit(UserCreated, user);
    // @ts-expect-error there is no publish
    void listener.publish(UserCreated, user);
    // @ts-expect-error there is no ingest
    listener.ingest(UserCreated, user);
    // @ts-expect-error there is no subject, which could be sent into
    listener.subject(UserCreated);
    // @ts-expect-error there is no way to the other side
    listener.asEmitter();
    // @ts-expect-error nor has its handler anything to send with
    listener.on(UserCreated, (_, { emit }) => void emit(UserCreated, user));
    // @ts-expect-error a definition is data: it sends nothing
    UserCreated.emit(user);
  });

  it('lets nobody who only listens end it for the others', () => {
    // @ts-expect-error there is no close
    listener.close();
    // @ts-expect-error there is no drain
    void listener.drain();
    // @ts-expect-error there is no redrive
    void listener.deadLetters.redrive();
  });

  it('lets the one who sends do nothing else', () => {
    emitter.emit(UserCreated, user);
    emitter.emit(UserDeleted, user);
    // @ts-expect-error an account has an address
    emitter.emit(UserCreated, { name: 'Ada Lovelace' });
    // @ts-expect-error there is no on
    emitter.on(UserCreated, () => undefined);
    // @ts-expect-error there is no close
    emitter.close();
  });
});
