import type { OpenServer } from '../shared/open-server.ts';
import { counted } from '../shared/text.ts';
import type { Desk } from './desks.ts';
import { CUT_OFF } from './pager.ts';

export interface IntroductionOptions {
  readonly server: Pick<OpenServer, 'isOwn' | 'title' | 'url'>;
  readonly quakes: number;
  readonly strong: number;
  readonly desks: readonly Desk[];
}

/** Says what is going to happen, and where. */
export function introduce({ server, quakes, strong, desks }: IntroductionOptions): void {
  const width = Math.max(...desks.map(({ name }) => name.length));
  const { title, isOwn, url } = server;
  const lines = [
    `Routing: ${counted(quakes, 'quake')} of a real week are published to RabbitMQ, which finds the desks that want them.`,
    `A topic says region and strength, such as quake.alaska.strong (from magnitude ${strong} on); headers say the rest.`,
    '',
    ...desks.map(({ name, binding }) => `  ${name.padEnd(width)}  ${binding}`),
    '',
    `The pager cannot page anybody in ${CUT_OFF}: the line is cut.`,
    '',
    `broker  ${title}, ${isOwn ? 'started for this demo' : 'which was up'}, at ${new URL(url).host}`,
    '',
  ];
  for (const line of lines) console.log(line);
}
