import { defineEvent, type MessageOf, payload } from 'millrace';

/** What stands in the input, when whoever types pauses or presses Enter. */
export const SearchTyped = defineEvent('search.typed', payload<{ text: string }>());

export type SearchMessage = MessageOf<typeof SearchTyped>;
