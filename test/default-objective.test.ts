// What the default keeps whatever is painted: no colour where there is none, and the balance of its losses, whatever all
// of their weights are multiplied by and whatever the size.

import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { type Progress, type RawImage, type StylizeOptions, stylize } from '../dist/index.js';
import { root } from './support/runs.js';

const [river, sky] = ['river.png', 'night-sky.png'].map((file) => join(root, 'examples', file)) as [
  string,
  string,
];

/** The image without its colours. */
async function grey(path: string): Promise<RawImage> {
  const { data, info } = await sharp(path)
    .removeAlpha()
    .grayscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const grays = Uint8Array.from(
    { length: info.width * info.height * 3 },
    (_, i) => data[Math.floor(i / 3) * info.channels]!,
  );
  return { data: grays, width: info.width, height: info.height, channels: 3 };
}

async function painted(changes: Partial<StylizeOptions>) {
  const log: Progress[] = [];
  const onProgress = (progress: Progress) => log.push(progress);
  const picture = await stylize({ content: river, style: sky, threads: 1, onProgress, ...changes });
  return { pixels: picture.toRaw().data, log };
}

test('a style without colours makes a picture without colours, whatever the content has', async (t) => {
  const style = await grey(sky);
  for (const content of [river, await grey(river)]) {
    const { pixels } = await painted({ content, style, size: 64 });
    let most = 0;
    for (let i = 0; i < pixels.length; i += 3) {
      const [r, g, b] = [pixels[i]!, pixels[i + 1]!, pixels[i + 2]!];
      most = Math.max(most, Math.max(r, g, b) - Math.min(r, g, b));
    }
    t.is(most, 0);
    t.true(new Set(pixels).size > 50, 'and is a picture');
  }
});

test('a factor on all weights leaves the picture as it is', async (t) => {
  const weights = {
    contentWeight: 50,
    wassersteinWeight: 24,
    relaxedEmdWeight: 1e7,
    paletteWeight: 5e4,
    tvWeight: 3000,
  };
  const times = (factor: number) =>
    Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, weight * factor]));
  const given = { size: 64, iterations: 6 } as const;
  const { pixels, log } = await painted(given);
  for (const factor of [2 ** -10, 2 ** 10]) {
    const scaled = await painted({ ...given, ...times(factor) });
    // A power of two leaves every product of floats as it is, so nothing but the first step's length could differ.
    t.deepEqual(scaled.pixels, pixels, `times ${factor}`);
    t.is(scaled.log.at(-1)!.total, log.at(-1)!.total * factor);
  }
  const third = await painted({ ...given, ...times(1 / 3) });
  const off = third.pixels.reduce((sum, value, i) => sum + Math.abs(value - pixels[i]!), 0) / pixels.length;
  t.true(off < 1, `a third: ${off} of 255 off in the mean`);
});
