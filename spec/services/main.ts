// `npm run services -- install | up | down | status [names]`: the servers that specs, benches and demos use, on loopback only.
import { execFileSync } from 'node:child_process';
import { type Service, SERVICES } from './catalogue.ts';
import { controlService } from './control.ts';

const COMMANDS: Readonly<Record<string, (services: readonly Service[]) => Promise<boolean>>> = {
  install,
  up,
  down,
  status,
};

const [command = '', ...names] = process.argv.slice(2);
const known = SERVICES.map(({ name }) => name);
const unknown = names.filter((name) => !known.includes(name));
const deed = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
if (deed === undefined || unknown.length > 0) {
  const got = deed === undefined ? `'${command}'` : unknown.join(', ');
  console.error(`Expected ${Object.keys(COMMANDS).join(', ')}, and names of ${known.join(', ')} or none; got ${got}.`);
  process.exit(1);
}
const wanted = SERVICES.filter(({ name }) => names.length === 0 || names.includes(name));
if (!(await deed(wanted))) process.exitCode = 1;

/** By apt, as root; otherwise it says what to do. */
async function install(services: readonly Service[]): Promise<boolean> {
  const missing: Service[] = [];
  for (const service of services) {
    if (!(await controlService(service).isInstalled())) missing.push(service);
  }
  if (missing.length === 0) {
    console.log(`${listOf(services)}: installed`);
    return true;
  }
  const packages = missing.map(({ aptPackage }) => aptPackage);
  if (process.getuid?.() !== 0 || !hasApt()) {
    console.log(howToInstall(missing));
    return false;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['update'], { stdio: 'inherit', env });
  execFileSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { stdio: 'inherit', env });
  return true;
}

/** Prints where each is, as the assignment of a variable. */
async function up(services: readonly Service[]): Promise<boolean> {
  const missing: Service[] = [];
  for (const service of services) {
    const control = controlService(service);
    if (await control.isInstalled()) console.log(`${service.urlVariable}=${await control.up()}`);
    else missing.push(service);
  }
  if (missing.length > 0) console.error(howToInstall(missing));
  return missing.length === 0;
}

async function down(services: readonly Service[]): Promise<boolean> {
  for (const service of services) {
    const control = controlService(service);
    const running = await control.status();
    await control.down();
    console.log(`${service.name}: ${running === undefined ? 'was not up' : `ended ${running}`}`);
  }
  return true;
}

async function status(services: readonly Service[]): Promise<boolean> {
  for (const service of services) {
    const control = controlService(service);
    const running = await control.status();
    const rest = (await control.isInstalled()) ? 'down' : 'not installed';
    console.log(`${service.name}: ${running === undefined ? rest : `up, ${running}, ${await control.url()}`}`);
  }
  return true;
}

function howToInstall(services: readonly Service[]): string {
  const packages = services.map(({ aptPackage }) => aptPackage).join(' ');
  const variables = services.map(({ urlVariable }) => urlVariable).join(', ');
  return [
    `${listOf(services)}: not installed. On Debian or Ubuntu:`,
    `  sudo apt-get install -y --no-install-recommends ${packages}`,
    `or with a container engine: docker compose -f spec/services/compose.yaml up -d ${services.map(({ name }) => name).join(' ')}`,
    `or say where one is, on which databases may be made and dropped: ${variables}`,
  ].join('\n');
}

function listOf(services: readonly Service[]): string {
  return services.map(({ title }) => title).join(', ');
}

function hasApt(): boolean {
  try {
    execFileSync('apt-get', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
