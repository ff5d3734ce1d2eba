import './strict-schemas.ts';
import { createEventBus } from 'millrace';
import { byId, write } from './dom.ts';
import { readFacts } from './facts.ts';
import { type Link, openLink } from './link.ts';
import { openLocalLog } from './local-log.ts';
import { GapsRead, LogForgotten, type PageBus, pageEvents, QuakeChosen } from './page-events.ts';
import { openRedriver } from './redrive.ts';
import { Screen } from './screen.ts';
import { type Quake, Week } from './week.ts';
import { magnitudeText, dateOf } from './wording.ts';

// What there is to see here: the server's events come into the bus of one tab (link.ts), are kept in IndexedDB (local-log.ts), and every tab shows what
// is kept, from the first event on, and then what comes. So a reload has everything at once, also offline; and tabs cannot differ.

const facts = readFacts();
const bus: PageBus = createEventBus({ events: pageEvents, source: 'page' });
const week = new Week();
const log = await openLocalLog(bus, facts.log);
let link: Link = { state: 'connecting', isHere: false };

const screen = new Screen({
  week,
  facts,
  redriver: openRedriver(bus),
  link: () => link,
  log,
  onPick: (quake) => bus.emit(QuakeChosen, { quake: quake?.id ?? null }),
  onGapsRead: () => bus.emit(GapsRead, {}),
  onForget: () => bus.emit(LogForgotten, {}),
});

bus.events(QuakeChosen).subscribe(({ data: { quake } }) => choose(quake === null ? undefined : week.quake(quake)));
log.repeated.subscribe(() => screen.linkChanged());
bus.events(LogForgotten).subscribe(() => void forget());
bus.deadLetters.subscribe(({ error }) => {
  console.warn(error);
  week.miss();
  screen.linkChanged();
});
bus.errors.subscribe(({ error }) => console.info(String(error)));

openLink({
  bus,
  log,
  onChange: (changed) => {
    link = changed;
    screen.linkChanged();
  },
});

for await (const event of log.store.subscribe({ onCaughtUp: () => screen.caughtUp() })) {
  screen.changed(week.take(event), event);
}

/** In this tab, or in another one. */
function choose(quake: Quake | undefined): void {
  screen.choose(quake);
  byId('chosen', HTMLElement).hidden = quake === undefined;
  if (quake === undefined) return;
  const { magnitude, place, time, depthKm, kind } = quake;
  write(byId('chosen-title', HTMLElement), `M ${magnitudeText(magnitude)} ${place}`);
  const depth = depthKm === undefined ? '' : `, ${depthKm.toFixed(0)} km deep`;
  write(byId('chosen-text', HTMLElement), `${kind}, ${dateOf(time)} UTC${depth}`);
}

/** All tabs let go of the database; when the last one has, it is deleted, and all begin anew. */
async function forget(): Promise<void> {
  await log.forget();
  location.reload();
}
