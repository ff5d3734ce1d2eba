import { defineEvent, type EventBus, type MessageOf } from 'millrace';
import { z } from 'zod';

/** What somebody sends who wants to sign up. Nothing else gets in: the schema is checked before there is an event. */
export const signUpRequest = z.object({
  email: z.email().max(254).toLowerCase(),
  name: z.string().trim().min(1).max(100),
  plan: z.enum(['free', 'team', 'business']),
  language: z.enum(['de', 'en', 'es', 'fr', 'ja']).default('en'),
  newsletter: z.boolean().default(false),
});

export type SignUpRequest = z.infer<typeof signUpRequest>;

/** Somebody has signed up. */
export const UserSignedUp = defineEvent('user.signed_up', signUpRequest.extend({ userId: z.string() }));

/** A bus that knows this event: any other does not compile. */
export type SignUpBus = EventBus<typeof UserSignedUp>;
export type SignUpMessage = MessageOf<typeof UserSignedUp>;
