import { createRandom } from '../../shared/random.ts';

// Makes the file of sign-ups that the demo sends: npx tsx demos/sign-up/world/make-sign-ups.ts > demos/data/sign-ups.ndjson
const random = createRandom('sign-ups');

const givenNames = ['Ada', 'Adele', 'Alan', 'Anita', 'Barbara', 'Claude', 'Donald', 'Edsger', 'Évariste', 'Frances'];
const moreNames = ['Grace', 'Hedy', 'Jean', 'Joan', 'Katherine', 'Ken', 'Kurt', 'Lynn', 'Mary', 'Niklaus', 'Radia'];
const familyNames = ['Allen', 'Bartik', 'Borg', 'Clarke', 'Conway', 'Goldberg', 'Hopper', 'Johnson', 'Knuth', 'Lamarr'];
const moreFamilyNames = ['Liskov', 'Lovelace', 'Perlman', 'Shannon', 'Thompson', 'Turing', 'Wirth', 'Gödel', 'Galois'];
const hosts = ['orchard', 'harbour', 'lighthouse', 'foundry', 'observatory', 'bakery', 'vineyard', 'workshop', 'canal'];
const moreHosts = ['quarry', 'printworks', 'sawmill', 'brewery', 'granary', 'tannery', 'windmill', 'dairy', 'smithy'];

const given = [...givenNames, ...moreNames];
const family = [...familyNames, ...moreFamilyNames];
const allHosts = [...hosts, ...moreHosts].flatMap((host) => [`${host}.example`, `mail.${host}.example`]);

interface SignUp {
  readonly email: string;
  readonly name: string;
  readonly plan: string;
  readonly language?: string;
  readonly newsletter?: boolean;
}

const people = new Map<string, SignUp>();
while (people.size < 156) {
  const [first, last] = [pick(given), pick(family)];
  const email = `${plain(first)}.${plain(last)}@${pick(allHosts)}`;
  const language = random() < 0.7 ? { language: pick(['de', 'en', 'en', 'es', 'fr', 'ja']) } : {};
  const newsletter = random() < 0.5 ? { newsletter: random() < 0.6 } : {};
  const plan = pick(['free', 'free', 'free', 'team', 'business']);
  people.set(email, { email, name: `${first} ${last}`, plan, ...language, ...newsletter });
}
const valid = [...people.values()];
const margaret = { email: 'margaret@hamilton.example', name: 'Margaret Hamilton', plan: 'team', language: 'en' };
const nobody = { email: 'nobody@orchard.example', name: 'Odysseus', plan: 'free' };

/** No JSON, each in another way. */
const malformed = [
  text(pick(valid)).slice(0, 61),
  text(pick(valid)).replace('}', ',}'),
  text(pick(valid)).replaceAll('"', "'"),
  text(pick(valid)).replaceAll(/"(\w+)":/g, '$1:'),
  text(pick(valid)).replace('{', '{/* new */'),
  text({ ...pick(valid), newsletter: true }).replace('true', 'True'),
  `${text(pick(valid))}${text(pick(valid))}`,
  `ada.lovelace@orchard.example;Ada Lovelace;free`,
  `<signUp email="alan.turing@canal.example" plan="free"/>`,
  `email=grace.hopper%40harbour.example&plan=team`,
  `"unfinished`,
  `hello?`,
];

/** JSON that does not fit the schema, each in another way. */
const invalid = [
  { name: 'Without Address', plan: 'free' },
  { ...pick(valid), email: 'orchard.example' },
  { ...pick(valid), email: 'two@at@signs.example' },
  { ...pick(valid), email: `${'long'.repeat(70)}@canal.example` },
  { ...pick(valid), email: null },
  { ...pick(valid), email: ['one@canal.example', 'two@canal.example'] },
  { ...pick(valid), name: '   ' },
  { ...pick(valid), name: 42 },
  { ...pick(valid), plan: 'gold' },
  { email: 'without.plan@canal.example', name: 'Without Plan' },
  { ...pick(valid), language: 'tlh' },
  { ...pick(valid), newsletter: 'yes' },
  { user: pick(valid) },
  [pick(valid)],
  'ada.lovelace@orchard.example',
  null,
];

/** Whose address has signed up already: the same again, in capitals, or with another plan. */
const again = valid
  .slice(0, 14)
  .map(
    (person, index) =>
      [person, { ...person, email: person.email.toUpperCase() }, { ...person, plan: 'team' }][index % 3],
  );

const lines = [...malformed, ...[...valid, margaret, nobody, ...invalid, ...again].map(text)];
shuffle(lines);
console.log(lines.join('\n'));

function text(value: unknown): string {
  return JSON.stringify(value);
}

function pick<Value>(values: readonly Value[]): Value {
  return values[Math.floor(random() * values.length)]!;
}

/** In place: the Fisher–Yates shuffle. */
function shuffle(values: string[]): void {
  for (let index = values.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1));
    [values[index], values[other]] = [values[other]!, values[index]!];
  }
}

/** As it is written in an address. */
function plain(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/\p{Diacritic}/gu, '')
    .toLowerCase();
}
