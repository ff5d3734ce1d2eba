/** A server that specs, benches and demos use, or a program that they start themselves. */
export interface Service {
  /** Names it on the command line. */
  readonly name: string;
  /** Names it in texts. */
  readonly title: string;
  /** What starts and ends it; see there. */
  readonly script: string;
  /** What Debian and Ubuntu call it, or what it needs to run and to be fetched. */
  readonly aptPackages: readonly string[];
  /** Whether the rest is fetched by its script, for whoever installs it. */
  readonly isFetched?: true;
  /** Whether it is a program: where it is, is its file, and there is nothing to keep up. */
  readonly isProgram?: true;
  /** The environment variable that says where one is: one that somebody else has started, such as in a container, or the file of a program. */
  readonly urlVariable: string;
  /** Whether specs start their own, with their own configuration: one that somebody else has started is of no use to them. */
  readonly isOwn?: true;
}

/** All of them. */
export const SERVICES: readonly Service[] = [
  {
    name: 'chromium',
    title: 'Chromium',
    script: 'chromium.sh',
    aptPackages: ['chromium'],
    isProgram: true,
    urlVariable: 'MILLRACE_CHROMIUM',
  },
  {
    name: 'kafka',
    title: 'Kafka',
    script: 'kafka.sh',
    aptPackages: ['openjdk-17-jre-headless', 'maven'],
    isFetched: true,
    urlVariable: 'MILLRACE_KAFKA_URL',
  },
  {
    name: 'nats',
    title: 'nats-server',
    script: 'nats.sh',
    aptPackages: ['nats-server'],
    urlVariable: 'MILLRACE_NATS_URL',
  },
  {
    name: 'postgres',
    title: 'PostgreSQL',
    script: 'postgres.sh',
    aptPackages: ['postgresql'],
    urlVariable: 'MILLRACE_POSTGRES_URL',
  },
  {
    name: 'prometheus',
    title: 'Prometheus',
    script: 'prometheus.sh',
    aptPackages: ['prometheus'],
    urlVariable: 'MILLRACE_PROMETHEUS_URL',
    isOwn: true,
  },
  {
    name: 'rabbitmq',
    title: 'RabbitMQ',
    script: 'rabbitmq.sh',
    aptPackages: ['rabbitmq-server'],
    urlVariable: 'MILLRACE_RABBITMQ_URL',
  },
];
