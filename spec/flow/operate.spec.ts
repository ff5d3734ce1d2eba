import { Observable, Subject, take } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { operate } from '../../lib/flow/operate.ts';

/** The plainest operator, which also writes down what its source tells. */
function plain(steps: string[], next: (item: string) => void = () => undefined) {
  return (source: Observable<string>): Observable<string> =>
    new Observable((destination) => {
      operate({
        source,
        destination,
        next: (item) => {
          steps.push(item);
          next(item);
          destination.next(item);
        },
        error: (error) => {
          steps.push(String(error));
          destination.error(error);
        },
        complete: () => {
          steps.push('complete');
          destination.complete();
        },
      });
    });
}

describe('operate', () => {
  it('tells items and the completion', () => {
    const steps: string[] = [];
    const source$ = new Subject<string>();
    source$.pipe(plain(steps)).subscribe();
    source$.next('a');
    source$.complete();
    expect(steps).toEqual(['a', 'complete']);
  });

  it('tells an error', () => {
    const steps: string[] = [];
    const source$ = new Subject<string>();
    source$.pipe(plain(steps)).subscribe({ error: () => undefined });
    source$.error('broken');
    expect(steps).toEqual(['broken']);
  });

  it('takes what next throws for an error of the source, which is released', () => {
    const steps: string[] = [];
    const source$ = new Subject<string>();
    const result$ = source$.pipe(
      plain(steps, () => {
        throw 'broken';
      }),
    );
    result$.subscribe({ error: () => undefined });
    source$.next('a');
    expect(steps).toEqual(['a', 'broken']);
    expect(source$.observed).toBe(false);
  });

  it('releases the source within the item with which its subscriber has enough, and takes that for no completion', () => {
    const steps: string[] = [];
    let isReleased = false;
    new Observable<string>((subscriber) => {
      subscriber.add(() => (isReleased = true));
      subscriber.next('a');
      steps.push(`released: ${isReleased}`);
      subscriber.next('b');
    })
      .pipe(plain(steps), take(1))
      .subscribe();
    expect(steps).toEqual(['a', 'released: true']);
  });
});
