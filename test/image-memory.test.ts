// What reading takes: large originals are made smaller while they are decoded and others are not, what it takes can be told
// before, and nobody gets around that by changing an image in between.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { ImageError } from '../dist/errors.js';
import { decodedSize, readingBytes } from '../dist/image/budget.js';
import { probeImage, readImage, readSizes } from '../dist/image/read.js';
import { resize } from '../dist/image/resize.js';
import type { Header } from '../dist/image/types.js';
import { encoded, folder, LIMIT, noise } from './support/image-fixtures.js';
import { bits } from './support/runs.js';

const header = (width: number, height: number, changes: Partial<Header> = {}): Header => ({
  width,
  height,
  hasAlpha: false,
  format: 'jpeg',
  depth: 8,
  bytes: 1e6,
  decoder: 0,
  ...changes,
});

test('only images of more than 2^24 pixels are made smaller, to twice the size', (t) => {
  const wanted = [{ width: 300, height: 200 }, { width: 512, height: 340 }]; // biome-ignore format: a pair
  t.deepEqual(decodedSize(header(6000, 4000), wanted), { width: 1024, height: 683 });
  t.deepEqual(decodedSize(header(4000, 6000), [{ width: 340, height: 512 }]), { width: 683, height: 1024 });
  t.is(decodedSize(header(4096, 4096), wanted), undefined);
  t.is(decodedSize(header(6000, 4000), [{ width: 3000, height: 2000 }]), undefined);
  for (const changes of [{ format: 'raw' }, { format: 'bmp' }, { depth: 32 }] as const) {
    t.is(decodedSize(header(6000, 4000, changes), wanted), undefined);
  }
});

test('the memory for 100 megapixels at 512 pixels, as it was measured', (t) => {
  const at = (changes: Partial<Header>, side = 512) =>
    readingBytes(header(10000, 10000, changes), side) / 1e6;
  const near = (value: number, seen: number) =>
    t.true(Math.abs(value / seen - 1) < 0.1, `${value}, not ${seen}`);
  near(at({ bytes: 12e6 }), 57);
  near(at({ bytes: 12e6 }, 2400), 536);
  near(at({ bytes: 12e6 }, 8000), 2958);
  near(at({ bytes: 312e6, decoder: 51e6, format: 'png' }), 374);
  near(at({ bytes: 396e6, decoder: 68e6, format: 'png', hasAlpha: true }, 8000), 5526);
  near(at({ bytes: 5e6, decoder: 800e6, format: 'webp' }), 823);
});

test('what a decoder holds is told by how the file is stored', async (t) => {
  const image = encoded(noise(3 * 64 * 50, 8), 64, 50, 3);
  const decoder = async (file: Promise<Buffer>) => (await probeImage(await file, 'content', LIMIT)).decoder;
  t.is(await decoder(image.clone().jpeg().toBuffer()), 0);
  t.is(await decoder(image.clone().jpeg({ progressive: true }).toBuffer()), 64 * 50 * 3);
  const full = { progressive: true, chromaSubsampling: '4:4:4' };
  t.is(await decoder(image.clone().jpeg(full).toBuffer()), 64 * 50 * 6);
  t.is(await decoder(image.clone().png({ progressive: true }).toBuffer()), 64 * 50 * 3);
  t.is(await decoder(image.clone().webp().toBuffer()), 64 * 50 * 8);
});

test('at other sizes an image is what it is when it is read whole and resized, to the bit', async (t) => {
  const file = await encoded(noise(3 * 64 * 50, 8), 64, 50, 3)
    .png()
    .toBuffer();
  const sizes = [{ width: 20, height: 16 }, { width: 64, height: 50 }, { width: 100, height: 78 }]; // biome-ignore format: a list
  const { images } = await readSizes(file, 'content', sizes, { maxPixels: LIMIT, threads: 1 });
  const whole = await readImage(file, 'content', LIMIT);
  for (const [i, size] of sizes.entries())
    t.is(bits(images[i]!), bits(await resize(whole, size, { threads: 2 })));
});

for (const format of ['jpeg', 'png'] as const) {
  test(`a ${format} of 17 megapixels, at 40 pixels, looks as it would otherwise`, async (t) => {
    const tile = encoded(noise(3 * 8 * 8, 8), 8, 8, 3).resize(4200, 4100, { kernel: 'cubic', fit: 'fill' });
    const file = await tile[format]({ compressionLevel: 1 }).toBuffer();
    const size = { width: 40, height: 39 };
    const { images } = await readSizes(file, 'content', [size], { maxPixels: 1e8 });
    const whole = await resize(await readImage(file, 'content', 1e8), size, { threads: 2 });
    const worst = images[0]!.data.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - whole.data[i]!)),
      0,
    );
    t.true(worst < 4, `${worst}`); // of 255, where colours change most
    t.not(bits(images[0]!), bits(whole), 'it was made smaller while it was decoded');
  });
}

test('a turned image of 17 megapixels', async (t) => {
  const create = { width: 4200, height: 4100, channels: 3 as const, background: '#204060' };
  const file = await sharp({ create }).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  const probed = await probeImage(file, 'content', 1e8);
  t.like(probed, { width: 4100, height: 4200 });
  const size = { width: 39, height: 40 };
  const { images } = await readSizes(file, 'content', [size], { maxPixels: 1e8, probed });
  t.like(images[0], size);
});

test('another file in the place of the one that was looked at is refused', async (t) => {
  const path = join(await folder(t), 'a.png');
  const png = (width: number) =>
    encoded(noise(width * 30, 8), width, 10, 3)
      .png()
      .toBuffer();
  await writeFile(path, await png(10));
  const probed = await probeImage(path, 'style', LIMIT);
  t.is((await readImage(path, 'style', LIMIT, { probed })).width, 10);
  await writeFile(path, await png(40));
  const error = await t.throwsAsync(readImage(path, 'style', LIMIT, { probed }), { instanceOf: ImageError });
  t.regex(error?.message ?? '', /^style: ".*a\.png" was changed while it was in use: /);
});

test('raw pixels of another size than were looked at are refused', async (t) => {
  const source = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 as const };
  const probed = await probeImage(source, 'content', LIMIT);
  Object.assign(source, { data: new Uint8Array(300), width: 10, height: 10 });
  await t.throwsAsync(readImage(source, 'content', LIMIT, { probed }), {
    instanceOf: ImageError,
    message: /^content: the raw image was changed while it was in use: /,
  });
});

test('raw pixels that change after the call are those of the call, or refused, but never let through', async (t) => {
  const pixels = 400 * 300;
  const source = {
    data: new Float32Array(pixels * 3).fill(7),
    width: 400,
    height: 300,
    channels: 3 as const,
  };
  const reading = readImage(source, 'content', LIMIT);
  source.width = 1;
  setImmediate(() => source.data.fill(Number.NaN));
  const image = await reading.catch((error) => error);
  if (image instanceof Error)
    t.regex(image.message, /^content\.data\[\d+\] must be a finite number, not NaN$/);
  else t.true(image.width === 400 && image.data.every((value: number) => value === 7));
});
