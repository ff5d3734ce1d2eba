import {
  Observable,
  type ObservableNotification,
  type Observer,
  Subject,
  type Subscriber,
  type Subscription,
} from 'rxjs';
import { LONGEST_DELAY_MS } from '../../core/options.ts';
import { parseDiagram, type SubscriptionSpan } from './diagram-syntax.ts';
import type { Moment } from './moment.ts';

/** A source that a diagram draws. */
export interface MarbleSource<Value> extends Observable<Value> {
  /** Its subscriptions so far, in milliseconds from its beginning. */
  readonly subscriptions: readonly SubscriptionSpan[];
}

/** Tells virtual time, in milliseconds. */
type Now = () => number;

/** A source that begins anew for each subscriber, when it subscribes. */
export function coldSource<Value>(
  now: Now,
  marbles: string,
  values?: Readonly<Record<string, Value>>,
  error?: unknown,
): MarbleSource<Value> {
  const moments = parseDiagram('cold', marbles, values, error);
  return logged(now, (subscriber) => play(moments, subscriber));
}

/** A source that goes on whether anybody subscribes or not. It begins now, or at its `^`. */
export function hotSource<Value>(
  now: Now,
  marbles: string,
  values?: Readonly<Record<string, Value>>,
  error?: unknown,
): MarbleSource<Value> {
  const subject = new Subject<Value>();
  const moments = parseDiagram('hot', marbles, values, error);
  play(
    moments.filter(({ at }) => at >= 0),
    subject,
  );
  return logged(now, (subscriber) => subject.subscribe(subscriber));
}

function logged<Value>(
  now: Now,
  subscribe: (subscriber: Subscriber<Value>) => Subscription | (() => void),
): MarbleSource<Value> {
  const beginning = now();
  const subscriptions: SubscriptionSpan[] = [];
  const source = new Observable<Value>((subscriber) => {
    const from = now() - beginning;
    const index = subscriptions.push({ from, to: Infinity }) - 1;
    subscriber.add(() => {
      subscriptions[index] = { from, to: now() - beginning };
    });
    return subscribe(subscriber);
  });
  return Object.assign(source, { subscriptions });
}

/** What happens in one moment happens in one turn. @returns how to stop */
function play<Value>(moments: readonly Moment<Value>[], target: Observer<Value>): () => void {
  const turns: Moment<Value>[][] = [];
  for (const moment of moments) {
    if (turns.at(-1)?.[0]?.at === moment.at) turns.at(-1)?.push(moment);
    else turns.push([moment]);
  }
  const stops = turns.map((turn) =>
    later(turn[0]!.at, () => {
      for (const { notification } of turn) deliver(notification, target);
    }),
  );
  return () => {
    for (const stop of stops) stop();
  };
}

/** In steps, if no timer can keep the delay. @returns how to stop */
function later(delayMs: number, task: () => void): () => void {
  if (delayMs <= LONGEST_DELAY_MS) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  }
  let stop = (): void => {};
  const timer = setTimeout(() => {
    stop = later(delayMs - LONGEST_DELAY_MS, task);
  }, LONGEST_DELAY_MS);
  return () => {
    clearTimeout(timer);
    stop();
  };
}

function deliver<Value>(notification: ObservableNotification<Value>, target: Observer<Value>): void {
  if (notification.kind === 'N') target.next(notification.value);
  else if (notification.kind === 'E') target.error(notification.error);
  else target.complete();
}
