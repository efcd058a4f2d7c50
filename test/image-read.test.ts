// Reading: every kind of file and of raw pixels comes out as the same floats.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { PNG } from 'pngjs';
import sharp from 'sharp';
import { probeImage, readImage } from '../dist/image/read.js';
import type { ImageSource, Raster } from '../dist/image/types.js';
import { difference, encoded, floats, folder, LIMIT, noise } from './support/image-fixtures.js';

const [W, H] = [13, 7];
async function read(source: ImageSource): Promise<Raster> {
  const { notes, ...raster } = await readImage(source, 'content', LIMIT);
  assert.deepEqual(notes, []);
  return raster;
}

function pngjs(options: object, data: Uint8Array | Uint16Array): Buffer {
  const png = Object.assign(new PNG(), { width: W, height: H, data: Buffer.from(data.buffer) });
  return PNG.sync.write(png, options);
}

test('8-bit PNG is read exactly', async (t) => {
  const pixels = noise(W * H * 3, 8);
  const raster = await read(await encoded(pixels, W, H, 3).png().toBuffer());
  t.deepEqual([raster.width, raster.height, raster.alpha], [W, H, undefined]);
  t.is(difference(raster.data, pixels), 0);
});

test('16-bit PNG keeps all 16 bits', async (t) => {
  const pixels = noise(W * H * 3, 16) as Uint16Array;
  const png = pngjs({ bitDepth: 16, colorType: 2, inputColorType: 2, inputHasAlpha: false }, pixels);
  t.deepEqual((await read(png)).data, floats(pixels));
});

test('16-bit PNG with alpha keeps all 16 bits', async (t) => {
  const pixels = noise(W * H * 4, 16) as Uint16Array;
  const raster = await read(pngjs({ bitDepth: 16, colorType: 6, inputColorType: 6 }, pixels));
  t.deepEqual(raster.data, floats(pixels.filter((_, i) => i % 4 !== 3)));
  t.deepEqual(
    raster.alpha,
    Float32Array.from(
      pixels.filter((_, i) => i % 4 === 3),
      (value) => value / 65535,
    ),
  );
});

test('palette PNG', async (t) => {
  const colours = [[255, 0, 0], [0, 128, 0], [0, 0, 255], [9, 9, 9]]; // biome-ignore format: a table
  const pixels = Uint8Array.from(noise(W * H, 8), (value) => value).reduce<number[]>((all, value) => {
    all.push(...colours[value % 4]!);
    return all;
  }, []);
  const png = await encoded(Uint8Array.from(pixels), W, H, 3)
    .png({ palette: true, colours: 4, dither: 0 })
    .toBuffer();
  t.true((await sharp(png).metadata()).isPalette);
  t.true(difference((await read(png)).data, pixels) <= 1);
});

test('interlaced PNG', async (t) => {
  const pixels = noise(W * H * 3, 8);
  const png = await encoded(pixels, W, H, 3).png({ progressive: true }).toBuffer();
  t.is(difference((await read(png)).data, pixels), 0);
});

test('interlaced 16-bit PNG keeps all 16 bits', async (t) => {
  const pixels = noise(W * H * 3, 16) as Uint16Array;
  const png = await encoded(pixels, W, H, 3).toColourspace('rgb16').png({ progressive: true }).toBuffer();
  t.deepEqual((await read(png)).data, floats(pixels));
});

for (const depth of [8, 16] as const) {
  test(`grey ${depth}-bit PNG is spread over three channels`, async (t) => {
    const pixels = noise(W * H, depth);
    const png = pngjs({ bitDepth: depth, colorType: 0, inputColorType: 0, inputHasAlpha: false }, pixels);
    const expected = depth === 16 ? floats(pixels as Uint16Array) : pixels;
    const { data } = await read(png);
    for (const channel of [0, 1, 2])
      t.is(
        difference(
          data.filter((_, i) => i % 3 === channel),
          expected,
        ),
        0,
      );
  });
}

test('grey + alpha PNG', async (t) => {
  const pixels = noise(W * H * 2, 8);
  const raster = await read(pngjs({ colorType: 4, inputColorType: 4 }, pixels));
  t.is(
    difference(
      raster.data.filter((_, i) => i % 3 === 1),
      pixels.filter((_, i) => i % 2 === 0),
    ),
    0,
  );
  t.deepEqual(
    raster.alpha,
    Float32Array.from(
      pixels.filter((_, i) => i % 2 === 1),
      (value) => value / 255,
    ),
  );
});

test('bytes after the end of a PNG do no harm', async (t) => {
  const pixels = noise(W * H * 3, 8);
  const png = await encoded(pixels, W, H, 3).png().toBuffer();
  t.is(difference((await read(Buffer.concat([png, Buffer.from('trailer')]))).data, pixels), 0);
});

test('an alpha channel that is opaque everywhere is dropped', async (t) => {
  const pixels = noise(W * H * 4, 8).map((value, i) => (i % 4 === 3 ? 255 : value));
  const png = await encoded(pixels, W, H, 4).png().toBuffer();
  t.is((await read(png)).alpha, undefined);
  t.true((await probeImage(png, 'content', LIMIT)).hasAlpha);
});

for (const format of ['webp', 'tiff', 'avif'] as const) {
  test(`alpha of ${format}`, async (t) => {
    const pixels = new Uint8Array(W * H * 4).map((_, i) =>
      i % 4 === 3 ? (Math.floor(i / 4) % W) * 19 : 100,
    );
    const compression = format === 'tiff' ? 'lzw' : undefined;
    const file = await encoded(pixels, W, H, 4)
      [format]({ quality: 100, lossless: true, ...(compression && { compression }) } as object)
      .toBuffer();
    const { alpha } = await read(file);
    t.true(
      difference(
        alpha!,
        Float32Array.from(
          pixels.filter((_, i) => i % 4 === 3),
          (v) => v / 255,
        ),
      ) < 0.02,
    );
  });
}

test('16-bit TIFF keeps all 16 bits', async (t) => {
  const pixels = noise(W * H * 3, 16) as Uint16Array;
  const tiff = await encoded(pixels, W, H, 3).toColourspace('rgb16').tiff({ compression: 'lzw' }).toBuffer();
  t.deepEqual((await read(tiff)).data, floats(pixels));
});

test('CMYK JPEG comes out as sRGB', async (t) => {
  const image = sharp({ create: { width: 8, height: 8, channels: 3, background: '#c03020' } });
  const jpeg = await image.toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
  t.is((await sharp(jpeg).metadata()).space, 'cmyk');
  t.true(difference((await read(jpeg)).data.subarray(0, 3), [0xc0, 0x30, 0x20]) < 30);
});

test('grey JPEG', async (t) => {
  const jpeg = await encoded(new Uint8Array(64).fill(77), 8, 8, 1).toColourspace('b-w').jpeg().toBuffer();
  t.is((await sharp(jpeg).metadata()).channels, 1);
  t.deepEqual([...(await read(jpeg)).data.subarray(0, 3)], [77, 77, 77]);
});

for (const format of ['jpeg', 'png'] as const) {
  test(`${format} with a Display P3 profile is converted to sRGB`, async (t) => {
    const smooth = new Uint8Array(32 * 32 * 3).map((_, i) => [(i / 3) % 32, i / 96, 16][i % 3]! * 7);
    const file = await encoded(smooth, 32, 32, 3).withIccProfile('p3')[format]({ quality: 100 }).toBuffer();
    const unconverted = await sharp(file, { ignoreIcc: true }).raw().toBuffer();
    const { data } = await read(file);
    t.is(difference(data, await sharp(file).raw().toBuffer()), 0);
    t.true(difference(data, unconverted) > 5);
  });
}

test('16-bit PNG with a Display P3 profile is converted to sRGB at 16 bit', async (t) => {
  // Muted colours: at the edge of the gamut the two depths clip differently.
  const shallow = new Uint8Array(32 * 32 * 3).map((_, i) => 80 + [(i / 3) % 32, i / 96, 16][i % 3]! * 3);
  const p3 = await encoded(shallow, 32, 32, 3).withIccProfile('p3').png().toBuffer();
  const deep = Uint16Array.from(
    await sharp(p3, { ignoreIcc: true }).raw().toBuffer(),
    (value) => value * 257,
  );
  // sharp takes untagged 16-bit pixels for P3, so this tags the numbers and leaves them as they are.
  const deepP3 = await encoded(deep, 32, 32, 3).toColourspace('rgb16').withIccProfile('p3').png().toBuffer();
  const { data } = await read(deepP3);
  t.true(difference(data, (await read(p3)).data) <= 1);
  t.true(data.some((value) => Math.abs(value - Math.round(value)) > 0.1));
});

for (let orientation = 1; orientation <= 8; orientation++) {
  test(`EXIF orientation ${orientation} is applied`, async (t) => {
    const upright = noise(W * H * 3, 8);
    const tagged = (format: 'png' | 'tiff') =>
      encoded(upright, W, H, 3)
        .withMetadata({ orientation })
        [format]({ compression: 'lzw' } as object)
        .toBuffer();
    for (const file of [await tagged('tiff'), await tagged('png')]) {
      const expected = await sharp(file).autoOrient().raw().toBuffer({ resolveWithObject: true });
      const { width, height } = expected.info;
      t.is(width, orientation > 4 ? H : W);
      const raster = await read(file);
      t.deepEqual([raster.width, raster.height], [width, height]);
      t.is(difference(raster.data, expected.data), 0);
      t.like(await probeImage(file, 'content', LIMIT), { width, height, hasAlpha: false });
    }
  });
}

test('a path, a file: URL, its string, a Buffer, a Uint8Array and an ArrayBuffer are all the same', async (t) => {
  const png = await encoded(noise(W * H * 3, 8), W, H, 3)
    .png()
    .toBuffer();
  const path = join(await folder(t), 'ü #1.png');
  await writeFile(path, png);
  const bytes = Uint8Array.from(png);
  const url = pathToFileURL(path);
  const expected = await read(path);
  for (const source of [url, url.href, png, bytes, bytes.buffer]) t.deepEqual(await read(source), expected);
  t.is(bytes.length, png.length, 'the caller keeps its bytes');
});

test('a file that was replaced is read anew', async (t) => {
  const path = join(await folder(t), 'a.webp');
  for (const width of [10, 20]) {
    await encoded(noise(width * 30, 8), width, 10, 3)
      .webp()
      .toFile(path);
    t.is((await probeImage(path, 'content', LIMIT)).width, width);
    t.is((await read(path)).width, width);
  }
});

for (const channels of [1, 2, 3, 4] as const) {
  test(`raw pixels, ${channels} channels, of every type`, async (t) => {
    const bytes = noise(W * H * channels, 8) as Uint8Array;
    const raw = { width: W, height: H, channels };
    const fromBytes = await read({ ...raw, data: bytes });
    t.deepEqual(fromBytes, await read({ ...raw, data: Uint8ClampedArray.from(bytes) }));
    t.deepEqual(fromBytes, await read({ ...raw, data: Float32Array.from(bytes) }));
    t.deepEqual(fromBytes, await read({ ...raw, data: Uint16Array.from(bytes, (value) => value * 257) }));
    const first = channels < 3 ? [bytes[0], bytes[0], bytes[0]] : [...bytes.subarray(0, 3)];
    t.deepEqual([...fromBytes.data.subarray(0, 3)], first);
    t.is(fromBytes.alpha?.[0], channels % 2 ? undefined : Math.fround(bytes[channels - 1]! / 255));
    t.is(bytes.length, W * H * channels, 'the caller keeps its pixels');
  });
}

test('raw floats are not clamped', async (t) => {
  const data = Float32Array.of(-3.5, 0.25, 300);
  t.deepEqual((await read({ data, width: 1, height: 1, channels: 3 })).data, data);
});
