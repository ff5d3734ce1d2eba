import { catalogue } from './catalogue.ts';
import { runDemo } from './shared/demo.ts';

process.exitCode = await main(process.argv.slice(2));

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === '--help') {
    console.log(list());
    return 0;
  }
  const demo = catalogue.find((entry) => entry.name === name);
  if (demo !== undefined) return runDemo(demo, args, `npm run demo ${name}`);
  console.error(`Expected the name of a demo, got '${name}'.\n\n${list()}`);
  return 2;
}

function list(): string {
  const width = Math.max(...catalogue.map(({ name }) => name.length));
  const lines = catalogue.map(({ name, title }) => `  ${name.padEnd(width)}  ${title}`);
  return ['Usage: npm run demo <name> -- [options]', '', ...lines, '', 'Each explains its options: --help'].join('\n');
}
