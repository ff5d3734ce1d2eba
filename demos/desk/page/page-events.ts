import { defineEvent, type EventBus } from 'millrace';
import * as z from 'zod';
import { asked, told } from '../events.ts';

/** How the stream of the server's events stands, as the tab says that holds it. */
export const LinkChanged = defineEvent(
  'link.changed',
  z.object({ state: z.enum(['closed', 'connecting', 'open', 'refused', 'waiting']) }),
);

/** A tab that has come wants to know. */
export const LinkAsked = defineEvent('link.asked', z.object({}));

/** Somebody looks at a quake; null: at none any more. */
export const QuakeChosen = defineEvent('quake.chosen', z.object({ quake: z.string().nullable() }));

/** The user wants nothing of it kept. */
export const LogForgotten = defineEvent('log.forgotten', z.object({}));

/** Events are missing. It is kept with the others, so that it is still said after a reload. */
export const GapNoticed = defineEvent('gap.noticed', z.object({ reason: z.string(), lost: z.int().optional() }));

/** The user has read it. */
export const GapsRead = defineEvent('gaps.read', z.object({}));

/** What tabs tell each other. */
export const betweenTabs = [LinkChanged, LinkAsked, QuakeChosen, LogForgotten] as const;

/** What a browser keeps: what the server told, and where something is missing. */
export const kept = [...told, GapNoticed, GapsRead] as const;

export const pageEvents = [...kept, ...asked, ...betweenTabs] as const;

/** The bus of a tab. */
export type PageBus = EventBus<(typeof pageEvents)[number]>;
