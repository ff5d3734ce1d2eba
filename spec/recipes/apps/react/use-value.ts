import { useCallback, useSyncExternalStore } from 'react';
import type { BehaviorSubject } from 'rxjs';

/** The value of a subject: the same in all components, from the first render on, and on a server. */
export function useValue<Value>(subject: BehaviorSubject<Value>): Value {
  const subscribe = useCallback(
    (onChange: () => void) => {
      const subscription = subject.subscribe({ next: onChange, error: onChange });
      return () => subscription.unsubscribe();
    },
    [subject],
  );
  const read = () => subject.value;
  return useSyncExternalStore(subscribe, read, read);
}
