// The pictures in examples/ are what their scripts draw: all are there, and the quick ones are drawn again and compared.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import sharp from 'sharp';

interface Drawing {
  draw: () =>
    | { width: number; height: number; data: Uint8Array }
    | Promise<{ width: number; height: number; data: Uint8Array }>;
}

const folder = new URL('../examples/', import.meta.url);
const fileOf = (name: string) => fileURLToPath(new URL(`${name}.png`, folder));
const { pictures } = (await import(new URL('drawing/pictures.mjs', folder).href)) as {
  pictures: Record<string, Drawing>;
};

test('every drawing has its picture', (t) => {
  t.deepEqual(
    Object.keys(pictures).filter((name) => !existsSync(fileOf(name))),
    [],
  );
});

for (const name of ['lighthouse', 'woodcut']) {
  test(`${name}.png is what its script draws`, async (t) => {
    const { draw } = pictures[name]!;
    const { width, height, data } = await draw();
    const { data: kept, info } = await sharp(fileOf(name))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    t.deepEqual([info.width, info.height, info.channels], [width, height, 3]);
    // The file has a palette, so that single pixels are a little off.
    const error = data.reduce((sum, value, i) => sum + Math.abs(value - kept[i]!), 0) / data.length;
    t.true(error < 6, `${name}.png is off by ${error} a sample: draw it again`);
  });
}
