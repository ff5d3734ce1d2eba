import { BehaviorSubject, concat, filter, NEVER } from 'rxjs';
import { type Defect, flawed } from './defect.ts';

const STATES = 'says that it is connected, and when it is closed';

export const stateDefects: readonly Defect[] = [
  {
    defect: 'says its state to those alone who were there when it changed',
    found: STATES,
    message: "Expected what states says to who subscribes to be 'connected', got ''.",
    make: flawed(() => ({ states: ({ states }) => states.pipe(filter((state) => state !== 'connected')) })),
  },
  {
    defect: 'never completes its states',
    found: STATES,
    message:
      "Expected what states has said once the broker has closed to be 'connected,closed,complete', got 'connected,closed'.",
    make: flawed(() => ({ states: ({ states }) => concat(states, NEVER) })),
  },
  {
    defect: 'does not say that it is closed',
    found: STATES,
    message:
      "Expected what states has said once the broker has closed to be 'connected,closed,complete', got 'connected,complete'.",
    make: flawed(() => ({ states: ({ states }) => states.pipe(filter((state) => state !== 'closed')) })),
  },
  {
    defect: 'is connected for ever in its stats',
    found: STATES,
    message: "Expected the state in stats() once the broker has closed to be 'closed', got 'connected'.",
    make: flawed(() => ({ stats: (inner) => ({ ...inner.stats(), state: 'connected' }) })),
  },
  {
    defect: 'says to who comes after its end that it is connected',
    found: STATES,
    message: 'Expected whether states of a closed broker completes at once to be true, got false.',
    make: flawed(() => {
      let subscribers = 0;
      return { states: ({ states }) => (subscribers++ === 0 ? states : new BehaviorSubject('connected' as const)) };
    }),
  },
  {
    defect: 'never counts what is unsettled',
    found: 'counts the deliveries that are unsettled',
    message: 'Expected inFlight with 5 unsettled to be 5, got 0.',
    make: flawed(() => ({ stats: (inner) => ({ ...inner.stats(), inFlight: 0 }) })),
  },
  {
    defect: 'counts what was ever delivered',
    found: 'counts the deliveries that are unsettled',
    message: 'Expected inFlight when all are acknowledged to be 0, got 5.',
    make: flawed(() => {
      let delivered = 0;
      return {
        deliver: (delivery) => {
          delivered++;
          return [delivery];
        },
        stats: (inner) => ({ ...inner.stats(), inFlight: delivered }),
      };
    }),
  },
  {
    defect: 'counts what a closed subscription had',
    found: 'counts the deliveries that are unsettled',
    message: 'Expected inFlight when the subscription has closed to be 0, got 1.',
    make: flawed(() => {
      let most = 0;
      return {
        closeSubscription: async (inner) => {
          most = 1;
          await inner.close();
        },
        stats: (inner) => ({ ...inner.stats(), inFlight: Math.max(most, inner.stats().inFlight) }),
      };
    }),
  },
  {
    defect: 'counts what was ever published',
    found: 'counts the messages that are not confirmed yet',
    message: 'Expected publishing when all are confirmed to be 0, got 10.',
    make: flawed(() => {
      let published = 0;
      return {
        publish: (inner, messages, options) => {
          published += messages.length;
          return inner.publish(messages, options);
        },
        stats: (inner) => ({ ...inner.stats(), publishing: published }),
      };
    }),
  },
  {
    defect: 'counts confirmations that it was not waiting for',
    found: 'counts the messages that are not confirmed yet',
    message: 'Expected whether publishing is 0 to 10 to be true, got false.',
    make: flawed(() => {
      let waiting = 0;
      return {
        publish: (inner, messages, options) => {
          waiting--;
          return inner.publish(messages, options).finally(() => waiting++);
        },
        stats: (inner) => ({ ...inner.stats(), publishing: waiting }),
      };
    }),
  },
];
