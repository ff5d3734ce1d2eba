import { createChannel } from 'millrace';
import { timeline, virtualTest } from 'millrace/testing';
import { expect, it } from 'vitest';

interface Image {
  readonly name: string;
  readonly megapixels: number;
}

it(
  'keeps two workers busy with images of different sizes',
  virtualTest(async () => {
    const picture = timeline();
    const images = createChannel<Image>({ probe: picture.probe });
    const resize = ({ megapixels }: Image) => new Promise((resolve) => setTimeout(resolve, megapixels));
    const workers = images.process(resize, { name: 'resize', concurrency: 2 });

    for (const [name, megapixels] of [
      ['portrait', 12],
      ['icon', 3],
      ['map', 6],
      ['stamp', 2],
    ] as const) {
      images.trySend({ name, megapixels });
    }
    images.close();
    await workers.drain();

    expect(String(picture)).toMatchInlineSnapshot(`
      "ms      0    5    10
      resize  a~~~~~~~~~~~|
              b~~|     d~|
                 c~~~~~|"
    `);
  }),
);
