// `npm run soak [-- names]`: the long and large runs, by hand. Each says what it did and how long it took.
import { SOAKS } from './soaks.ts';

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(SOAKS, name));
if (unknown.length > 0) {
  console.error(`Expected names of ${Object.keys(SOAKS).join(', ')}, got ${unknown.join(', ')}.`);
  process.exit(1);
}

for (const [name, soak] of Object.entries(SOAKS)) {
  if (names.length > 0 && !names.includes(name)) continue;
  const start = performance.now();
  console.log(`${name} …`);
  const said = await soak();
  console.log(`${name}: ${said}, in ${((performance.now() - start) / 1_000).toFixed(0)} s`);
}
