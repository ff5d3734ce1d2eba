import type { BehaviorSubject } from 'rxjs';
import { onScopeDispose, type ShallowRef, shallowRef } from 'vue';

/** The value of a subject, as a ref that ends with its component. */
export function useValue<Value>(subject: BehaviorSubject<Value>): Readonly<ShallowRef<Value>> {
  const latest = shallowRef(subject.value);
  const subscription = subject.subscribe((value) => (latest.value = value));
  onScopeDispose(() => subscription.unsubscribe());
  return latest;
}
