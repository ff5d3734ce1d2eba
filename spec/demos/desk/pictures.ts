import { mkdir, writeFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { DeskPage } from './desk-page.ts';
import { smallPng } from './small-png.ts';

const FOLDER = 'demos/desk/pictures';

const PICTURES = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1280, height: 960 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 960 } },
  { name: 'narrow', colorScheme: 'light', viewport: { width: 360, height: 740 } },
] as const;

/** Writes the pictures of the README: the week is over, a quake is chosen, and a redrive was refused. */
export async function takePictures(url: string, browser: Browser): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  for (const { name, ...options } of PICTURES) {
    const context = await browser.newContext(options);
    const desk = await DeskPage.open(context, url);
    await desk.shows('#quakes', '1,707');
    await desk.hasLetters(7);
    await desk.shows('#sent', '83');
    await desk.page.check('#least [value="4.5"]');
    await desk.page.locator('#latest li', { hasText: '22km NNE of Hualian' }).first().click();
    await desk.page.check('#least [value="-9"]');
    await desk.page.locator('#letters button').first().click();
    await desk.shows('.refused', 'Refused by the server');
    // New alerts have arrived, and no ring is on its way any more.
    await desk.page.waitForTimeout(1_500);
    await desk.page.mouse.move(0, 0);
    await writeFile(`${FOLDER}/${name}.png`, smallPng(await desk.page.screenshot({ fullPage: true })));
    await context.close();
  }
}
