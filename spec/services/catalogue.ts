/** A server that specs, benches and demos use. */
export interface Service {
  /** Names it on the command line. */
  readonly name: string;
  /** Names it in texts. */
  readonly title: string;
  /** What starts and ends it; see there. */
  readonly script: string;
  /** What Debian and Ubuntu call it. */
  readonly aptPackage: string;
  /** The environment variable that says where one is that somebody else has started, such as in a container. */
  readonly urlVariable: string;
}

/** All of them. */
export const SERVICES: readonly Service[] = [
  {
    name: 'postgres',
    title: 'PostgreSQL',
    script: 'postgres.sh',
    aptPackage: 'postgresql',
    urlVariable: 'MILLRACE_POSTGRES_URL',
  },
];
