import { batch } from 'millrace';
import { diagram, virtualTest } from 'millrace/testing';
import { map } from 'rxjs';
import { expect, it } from 'vitest';

it(
  'writes rows when three are there, or when the first has waited for 20 ms, whichever comes first',
  virtualTest(async ({ time, hot }) => {
    const rows$ = hot('abc--d---e 40ms f|');
    const picture = diagram(
      rows$.pipe(
        batch({ maxSize: 3, maxWaitMs: 20 }),
        map((rows) => rows.join('')),
      ),
    );

    await time.runAll();

    expect(String(picture)).toMatchInlineSnapshot(`
      "--a 22ms b 25ms (f|)
      a = 'abc'
      b = 'de'"
    `);
  }),
);
