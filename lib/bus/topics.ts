import { Observable } from 'rxjs';
import type { EventDefinition } from '../core/event-definition.ts';
import type { EventMessage } from '../core/message.ts';
import { duplicateDefinition, expectDefinition, unknownEvent } from './bus-errors.ts';
import { Topic } from './topic.ts';

interface Watcher {
  readonly onTopic: (topic: Topic) => void;
  readonly onEnd: () => void;
}

/** The event types of a bus; each is opened when it is first used, unless the bus knows its events. */
export class Topics {
  private readonly topics = new Map<string, Topic>();
  private readonly watchers = new Set<Watcher>();
  private readonly onOpened: (topic: Topic) => void;
  private readonly isFixed: boolean;
  private isEnded = false;

  constructor(events: readonly EventDefinition[] | undefined, onOpened: (topic: Topic) => void) {
    this.onOpened = onOpened;
    for (const definition of events ?? []) this.open(definition);
    this.isFixed = events !== undefined;
  }

  /** @throws InvalidOptionError when it is no definition, or a second one of its type, or unknown to a bus that knows its events */
  of(definition: EventDefinition): Topic {
    const topic = this.topics.get(definition?.type);
    return topic !== undefined && topic.definition === definition ? topic : this.open(definition);
  }

  /** Whether there are no others than those that it began with. */
  get areFixed(): boolean {
    return this.isFixed;
  }

  /** @throws InvalidOptionError when there is no such topic */
  named(type: string): Topic {
    const topic = this.topics.get(type);
    if (topic === undefined) throw unknownEvent(type);
    return topic;
  }

  /** The topic of a type, if there is one. */
  find(type: string): Topic | undefined {
    return this.topics.get(type);
  }

  matching(matches: (type: string) => boolean): readonly Topic[] {
    return [...this.topics.values()].filter(({ definition }) => matches(definition.type));
  }

  /** The messages of all topics, those that are open and those to come; completed when there will be no more. */
  events(messagesOf: (topic: Topic) => Observable<EventMessage>): Observable<EventMessage> {
    return new Observable((subscriber) => {
      const next = (message: EventMessage): void => subscriber.next(message);
      const onTopic = (topic: Topic): void => subscriber.add(messagesOf(topic).subscribe(next));
      const watcher: Watcher = { onTopic, onEnd: () => subscriber.complete() };
      for (const topic of this.topics.values()) onTopic(topic);
      if (this.isEnded) subscriber.complete();
      else this.watchers.add(watcher);
      return () => void this.watchers.delete(watcher);
    });
  }

  /** Completes every plain subscriber. */
  end(): void {
    this.isEnded = true;
    for (const topic of this.topics.values()) topic.plain?.end();
    for (const watcher of this.watchers) watcher.onEnd();
  }

  private open(definition: EventDefinition): Topic {
    const { type } = expectDefinition(definition);
    if (this.topics.has(type)) throw duplicateDefinition(type);
    if (this.isFixed) throw unknownEvent(type);
    const topic = new Topic(definition);
    this.topics.set(type, topic);
    this.onOpened(topic);
    for (const watcher of this.watchers) watcher.onTopic(topic);
    return topic;
  }
}
