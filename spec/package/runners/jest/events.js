import { defineEvent, payload } from 'millrace';

const signUp = /** @type {typeof payload<{ userId: string }>} */ (payload);

export const UserSignedUp = defineEvent('user.signed_up', signUp());
