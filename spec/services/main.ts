// `npm run services -- install | up | down | status [names]`: the servers that specs, benches and demos use, on loopback only, and the browser.
import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
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

/** By apt, as root, and by Maven what no package has; otherwise it says what to do. */
async function install(services: readonly Service[]): Promise<boolean> {
  // Who has Java and Maven already needs no root.
  for (const service of await missingOf(services)) if (service.isFetched) await fetch(service).catch(() => undefined);
  const missing = await missingOf(services);
  if (missing.length === 0) {
    console.log(`${listOf(services)}: installed`);
    return true;
  }
  const packages = missing.flatMap(({ aptPackages }) => aptPackages);
  if (process.getuid?.() !== 0 || !hasApt()) {
    console.log(howToInstall(missing));
    return false;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  execFileSync('apt-get', ['update'], { stdio: 'inherit', env });
  await withoutSystemServices(() => {
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { stdio: 'inherit', env });
  });
  for (const service of missing) if (service.isFetched) await fetch(service);
  return true;
}

/** Packages of servers start one at once, for the whole system, some on every network: nobody has asked for it. This is Debian's way to say so. */
async function withoutSystemServices(installPackages: () => void): Promise<void> {
  const policy = '/usr/sbin/policy-rc.d';
  const isOurs = await writeFile(policy, '#!/bin/sh\nexit 101\n', { flag: 'wx', mode: 0o755 }).then(
    () => true,
    // There is one already, which is not ours to change.
    () => false,
  );
  try {
    installPackages();
  } finally {
    if (isOurs) await rm(policy);
  }
}

async function fetch(service: Service): Promise<void> {
  console.log(`${service.title}: is fetched by Maven`);
  await controlService(service).fetch();
}

async function missingOf(services: readonly Service[]): Promise<readonly Service[]> {
  const missing: Service[] = [];
  for (const service of services) {
    if (!(await controlService(service).isInstalled())) missing.push(service);
  }
  return missing;
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
    if (service.isProgram) continue;
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
    const rest = (await control.isInstalled()) ? await restOf(service) : 'not installed';
    console.log(`${service.name}: ${running === undefined ? rest : `up, ${running}, ${await control.url()}`}`);
  }
  return true;
}

/** What an installed service is that is not up. */
async function restOf(service: Service): Promise<string> {
  return service.isProgram ? `installed, ${await controlService(service).url()}` : 'down';
}

function howToInstall(services: readonly Service[]): string {
  const packages = services.flatMap(({ aptPackages }) => aptPackages).join(' ');
  const fetched = services.filter(({ isFetched }) => isFetched).map(({ name }) => name);
  const elsewhere = services.filter(({ isProgram, isOwn }) => !isProgram && isOwn !== true);
  const programs = services.filter(({ isProgram }) => isProgram);
  return [
    `${listOf(services)}: not installed. On Debian or Ubuntu:`,
    `  sudo apt-get install -y --no-install-recommends ${packages}`,
    ...(fetched.length > 0 ? [`  npm run services -- install ${fetched.join(' ')}`] : []),
    ...(elsewhere.length > 0
      ? [
          `or with a container engine: docker compose -f spec/services/compose.yaml up -d ${elsewhere.map(({ name }) => name).join(' ')}`,
          `or say where one is, on which databases may be made and dropped: ${variablesOf(elsewhere)}`,
        ]
      : []),
    ...(programs.length > 0 ? [`or say which file it is: ${variablesOf(programs)}`] : []),
  ].join('\n');
}

function variablesOf(services: readonly Service[]): string {
  return services.map(({ urlVariable }) => urlVariable).join(', ');
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
