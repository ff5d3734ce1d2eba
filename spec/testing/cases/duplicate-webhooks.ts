import { deduplicate } from 'millrace';
import { virtualTest } from 'millrace/testing';
import { retry } from 'rxjs';
import { expect, it, vi } from 'vitest';

it(
  'books a payment once although its webhook is sent three times, and the first booking fails',
  virtualTest(async ({ time, hot }) => {
    const booked: string[] = [];
    const book = vi
      .fn(async (id: string) => booked.push(`${id} at ${time.now}`))
      .mockRejectedValueOnce(new Error('the database restarts'));
    const bookOnce = deduplicate((id: string) => id, book, { maxAgeMs: 60_000 });

    // The provider sends it again where nobody has answered; and once more, as providers do.
    hot('p 99ms p 99ms p').pipe(bookOnce, retry()).subscribe();
    await time.runAll();

    expect(booked).toEqual(['p at 100']);
    expect(book).toHaveBeenCalledTimes(2);
  }),
);
