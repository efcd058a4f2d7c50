// What is transparent: nothing of what a file hides there reaches the engine, at any size.

import test from 'ava';
import sharp from 'sharp';
import { ImageError } from '../dist/errors.js';
import { fillTransparent } from '../dist/image/fill.js';
import { readImage, readSizes } from '../dist/image/read.js';
import type { RawImage } from '../dist/image/types.js';
import { pngFile } from './support/image-files.js';
import { LIMIT, noise } from './support/image-fixtures.js';
import { bits } from './support/runs.js';

const [W, H] = [60, 44];
const SIZES = [[60, 44], [31, 23], [15, 11], [90, 66]].map(([width, height]) => ({ width: width!, height: height! })); // biome-ignore format: a table

/** A disc with a soft edge on nothing; what is under nothing comes from `seed`. */
function disc<T extends Uint8Array | Uint16Array | Float32Array>(
  make: (length: number) => T,
  max: number,
  seed: number,
): T {
  const samples = make(W * H * 4);
  const shown = noise(samples.length, 8, 7);
  const hidden = noise(samples.length, 8, seed);
  for (let y = 0, i = 0; y < H; y++) {
    for (let x = 0; x < W; x++, i += 4) {
      const opacity = Math.min(Math.max((18 - Math.hypot(x - 26, y - 20)) / 3, 0), 1);
      for (let k = 0; k < 3; k++) samples[i + k] = ((opacity ? shown : hidden)[i + k]! / 255) * max;
      samples[i + 3] = opacity * max;
    }
  }
  return samples;
}

const kinds: Record<string, (seed: number) => Promise<Buffer | RawImage>> = {
  png: (seed) => encoded(seed).png().toBuffer(),
  webp: (seed) => encoded(seed).webp({ lossless: true, exact: true }).toBuffer(),
  tiff: (seed) => encoded(seed).tiff({ compression: 'lzw' }).toBuffer(),
  'raw bytes': async (seed) => raw(disc((length) => new Uint8Array(length), 255, seed)),
  'raw words': async (seed) => raw(disc((length) => new Uint16Array(length), 65535, seed)),
  'raw floats': async (seed) => raw(disc((length) => new Float32Array(length), 255, seed)),
};
const raw = (data: RawImage['data']): RawImage => ({ data, width: W, height: H, channels: 4 });
const encoded = (seed: number) =>
  sharp(
    disc((length) => new Uint8Array(length), 255, seed),
    { raw: { width: W, height: H, channels: 4 } },
  );

for (const [name, make] of Object.entries(kinds)) {
  test(`${name}: other colours under alpha 0 change nothing`, async (t) => {
    const read = async (seed: number) => readSizes(await make(seed), 'style', SIZES, { maxPixels: LIMIT });
    const [one, other] = [await read(1), await read(2)];
    for (const [i, image] of one.images.entries()) {
      t.deepEqual([image.width, image.height], [SIZES[i]!.width, SIZES[i]!.height]);
      t.is(bits(image), bits(other.images[i]!));
      t.deepEqual(image.alpha, other.images[i]!.alpha);
      t.true(image.alpha!.includes(0) && image.alpha!.includes(1));
    }
    t.deepEqual(one.notes, []);
  });
}

test('colours on nothing leave no fringe, whatever is under it', async (t) => {
  const data = disc((length) => new Uint8Array(length), 255, 3);
  for (let i = 0; i < data.length; i += 4) if (data[i + 3]) data.set([200, 40, 90], i);
  const { images } = await readSizes(raw(data), 'style', SIZES, { maxPixels: LIMIT });
  for (const image of images) {
    t.true(image.data.every((value, i) => Math.abs(value - [200, 40, 90][i % 3]!) < 0.05));
  }
});

test('what is under nothing is filled from around, ever smoother', (t) => {
  const width = 64;
  const data = new Float32Array(width * 3).fill(999);
  const alpha = new Float32Array(width);
  data.set([10, 20, 30], 0);
  data.set([90, 80, 70], (width - 1) * 3);
  alpha[0] = alpha[width - 1] = 0.5;
  fillTransparent(data, alpha, width, 1);
  const red = data.filter((_, i) => i % 3 === 0);
  t.deepEqual([red[0], red[width - 1]], [10, 90]);
  for (let x = 1; x < width; x++) t.true(red[x]! >= red[x - 1]! && red[x]! - red[x - 1]! < 30);
});

test('an image that is transparent throughout is refused', async (t) => {
  const source = raw(new Uint8Array(W * H * 4));
  const error = await t.throwsAsync(readImage(source, 'style', LIMIT), { instanceOf: ImageError });
  t.is(error?.message, 'style: the raw image is transparent throughout: there is nothing to see in it');
});

test('a PNG of two colours, one of them transparent', async (t) => {
  const rows = [Uint8Array.of(0b01010101), Uint8Array.of(0b11110000)];
  const png = pngFile([8, 2, 1, 3], rows, [
    ['PLTE', Uint8Array.of(1, 2, 3, 200, 100, 50)],
    ['tRNS', Uint8Array.of(0)],
  ]);
  const { alpha, data } = await readImage(png, 'style', LIMIT);
  t.deepEqual([...alpha!], [0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
  t.true(data.every((value, i) => value === [200, 100, 50][i % 3]));
});
