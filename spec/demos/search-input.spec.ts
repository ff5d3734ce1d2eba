import { marbles } from 'millrace/testing';
import { map } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { press, searchTexts } from '../../demos/search/input.ts';

const keys = { a: 'a', b: 'b', '<': 'Backspace', E: 'Enter', x: 'Escape' };
const texts = { a: 'a', b: 'ab', o: '' };

describe('the input of the search', () => {
  it.each([
    { rule: 'searches at a pause, not at each key', typed: '   ab----|', searched: '----b-|' },
    { rule: 'searches at once with Enter, and not again', typed: 'aE----|', searched: '-a----|' },
    { rule: 'searches at the end, too', typed: '               ab|', searched: '--(b|)' },
    { rule: 'does not search again for the same text', typed: 'a---b<----|', searched: '---a------|' },
    { rule: 'searches again for a text that comes back', typed: 'a---b---<---|', searched: '---a---b---a|' },
    { rule: 'clears with Escape', typed: '                 a---x----|', searched: '---a---o-|' },
  ])(
    '$rule',
    marbles((m, { typed, searched }) => {
      const keystrokes = m.hot(typed, keys).pipe(map((key) => ({ atMs: 0, key })));
      m.expect(searchTexts(keystrokes, { debounceMs: 3 })).toBeObservable(searched, texts);
    }),
  );

  it('writes nothing with keys that write nothing', () => {
    expect(['Shift', 'A', 'ArrowLeft', ' ', 'b', 'Tab', 'Enter'].reduce(press, '')).toBe('A b');
  });

  it('has nothing to take back at the beginning', () => {
    expect(press('', 'Backspace')).toBe('');
  });
});
