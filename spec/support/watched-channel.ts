import {
  type Batched,
  type Channel,
  type ChannelOptions,
  type ChannelWorkers,
  createChannel,
  type HandlerContext,
  type WorkerOptions,
} from 'millrace';
import { map, type Observable, Subject } from 'rxjs';

/** A channel with workers whose every step can be drawn as marbles. */
export interface WatchedChannel {
  readonly channel: Channel<string>;
  readonly workers: ChannelWorkers;
  /** The item of each attempt, when it starts. One of a batch of `a` and `b` is `'ab'`. */
  readonly started$: Observable<string>;
  /** Each dead letter: `'a timeout'`. */
  readonly letters$: Observable<string>;
}

type Handle = (item: string, context: HandlerContext) => unknown;

/** Makes a channel with workers, and watches them. */
export function watchChannel(
  handle: Handle,
  { channel: channelOptions, ...options }: WorkerOptions<string> & { readonly channel: ChannelOptions<string> },
): WatchedChannel {
  const channel = createChannel(channelOptions);
  const started$ = new Subject<string>();
  const workers = channel.process((item, context) => {
    started$.next(item);
    return handle(item, context);
  }, options);
  return { channel, workers, started$, letters$: lettersOf(channel) };
}

/** The same with batches. */
export function watchBatchChannel(
  handle: Handle,
  {
    channel: channelOptions,
    ...options
  }: Batched<WorkerOptions<string>> & { readonly channel: ChannelOptions<string> },
): WatchedChannel {
  const channel = createChannel(channelOptions);
  const started$ = new Subject<string>();
  const workers = channel.process((items, context) => {
    const batch = items.join('');
    started$.next(batch);
    return handle(batch, context);
  }, options);
  return { channel, workers, started$, letters$: lettersOf(channel) };
}

function lettersOf(channel: Channel<string>): Observable<string> {
  return channel.deadLetters.pipe(map(({ event, reason }) => `${event} ${reason}`));
}
