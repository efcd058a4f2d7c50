// Files are what they hold, whatever their name: what is not read is named, with what to do; of several frames it is said
// that one is used; and BMP is read, of every kind.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import sharp, { type Sharp } from 'sharp';
import { ImageError } from '../dist/errors.js';
import { probeImage, readImage } from '../dist/image/read.js';
import { bmpFile, tiffFile } from './support/image-files.js';
import { difference, encoded, folder, LIMIT, noise } from './support/image-fixtures.js';

const brand = (...names: string[]) => {
  const box = Buffer.from(`\0\0\0\0ftyp${names[0]}\0\0\0\0${names.slice(1).join('')}`, 'latin1');
  box.writeUInt32BE(box.length);
  return Buffer.concat([box, Buffer.alloc(64)]);
};
const start = (text: string) => Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc(64)]);
const words = (...values: number[]) => new Uint8Array(Uint16Array.from(values).buffer);
const grey = { width: 4, height: 4, channels: 1 };
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="5" height="4"/>';

const foreign: Record<string, [Buffer, RegExp]> = {
  HEIC: [
    brand('heic', 'mif1', 'heic'),
    /is a HEIC photograph, which is not read: save it as PNG or JPEG first$/,
  ],
  'HEIC of another brand': [brand('mif1', 'mif1', 'heic'), /is a HEIC photograph/],
  'JPEG XL': [start('\xff\x0a'), /is a JPEG XL file, which is not read: save/],
  'JPEG XL in a box': [start('\0\0\0\x0cJXL \r\n\x87\n'), /is a JPEG XL file/],
  'JPEG 2000': [start('\0\0\0\x0cjP  \r\n\x87\n'), /is a JPEG 2000 file/],
  PSD: [start('8BPS\0\x01'), /is a Photoshop file \(PSD\), which is not read: save/],
  XCF: [start('gimp xcf v011'), /is a GIMP file/],
  EXR: [start('\x76\x2f\x31\x01'), /is an OpenEXR file/],
  PDF: [start('%PDF-1.7'), /is a PDF document, not an image: save its page as PNG$/],
  CR2: [start('II*\0\x10\0\0\0CR\x02\0'), /is a raw photograph \(CR2\), which is not read: develop it first/],
  CR3: [brand('crx ', 'crx ', 'isom'), /is a raw photograph \(CR3\)/],
  RAF: [start('FUJIFILMCCD-RAW 0201'), /is a raw photograph \(RAF\)/],
  DNG: [
    tiffFile(grey, noise(16, 8), { tags: [[50706, Uint8Array.of(1, 4, 0, 0)]] }),
    /is a raw photograph, which/,
  ],
  MP4: [brand('isom', 'iso2', 'mp41'), /is a video, not an image: save one of its frames as PNG$/],
  SVG: [
    Buffer.from(SVG),
    /is an SVG drawing, which has no pixels yet: save it as PNG, as large as you want it$/,
  ],
  'SVG after a preamble': [
    Buffer.from(
      `\uFEFF<?xml version="1.0"?>\n<!-- > -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x">\n${SVG}`,
    ),
    /is an SVG drawing/,
  ],
  HTML: [Buffer.from('\n<!DOCTYPE html>\n<html><head>'), /is a web page, not an image: open it in a browser/],
  'HTML without a type': [Buffer.from('<html lang="en">'), /is a web page/],
  ZIP: [start('PK\x03\x04'), /is a ZIP archive, not an image: unpack it first$/],
  'Git LFS': [Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /is a pointer of Git LFS/],
  text: [Buffer.from('This is text.'), /is not an image, or its format is not supported$/],
  XML: [Buffer.from('<?xml version="1.0"?><note/>'), /is not an image, or its format is not supported$/],
};
for (const [name, [bytes, message]] of Object.entries(foreign)) {
  test(`${name} under the name of a JPEG`, async (t) => {
    const path = join(await folder(t), 'a.jpg');
    await writeFile(path, bytes);
    for (const action of [probeImage, readImage]) {
      const error = await t.throwsAsync(action(path, 'content', LIMIT), { instanceOf: ImageError, message });
      t.is(error?.code, 'ERR_IMAGE');
    }
  });
}

test('a raw photograph is told by the picture below its thumbnail', async (t) => {
  const thumbnail = (photometric: number) => {
    const below = Buffer.alloc(18);
    below.writeUInt16LE(1, 0);
    below.set(words(262, 3, 1, 0, photometric, 0), 2);
    const tag = (at: number) => new Uint8Array(Uint32Array.of(at).buffer);
    const file = tiffFile(grey, noise(16, 8), { tags: [[330, tag(0)]] });
    const end = file.length;
    const at = file.indexOf(Buffer.from(words(330, 7)));
    file.writeUInt32LE(1, at + 4);
    file.writeUInt32LE(end, at + 8);
    return Buffer.concat([file, below]);
  };
  await t.throwsAsync(readImage(thumbnail(32803), 'content', LIMIT), { message: /is a raw photograph/ });
  t.is((await readImage(thumbnail(1), 'content', LIMIT)).width, 4);
});

for (const format of ['gif', 'webp', 'tiff'] as const) {
  test(`${format} of several frames: the first is used, and that is said`, async (t) => {
    const frame = (background: string) =>
      sharp({ create: { width: 8, height: 6, channels: 3, background } })
        .png()
        .toBuffer();
    const frames = await Promise.all(['#ff0000', '#0000ff', '#00ff00'].map(frame));
    const file = await sharp(frames, { join: { animated: true } })
      [format]({ quality: 100 })
      .toBuffer();
    t.is((await sharp(file).metadata()).pages, 3);
    const { width, height, data, notes } = await readImage(file, 'content', LIMIT);
    t.deepEqual([width, height], [8, 6]);
    t.true(difference(data.subarray(0, 3), [255, 0, 0]) < 3);
    t.deepEqual(notes, [
      `content: the image in memory (${file.length} bytes) has 3 frames or pages: only the first is used`,
    ]);
  });
}

for (const format of ['jpeg', 'png', 'webp', 'tiff', 'avif'] as const) {
  test(`${format}: turned once, as its orientation says`, async (t) => {
    const pixels = new Uint8Array(24 * 16 * 3).map((_, i) => (Math.floor(i / 3) % 24 < 12 ? 200 : 30));
    const file = await encoded(pixels, 24, 16, 3)
      .withMetadata({ orientation: 6 })
      [format]({ quality: 100 })
      .toBuffer();
    t.like(await probeImage(file, 'content', LIMIT), { width: 16, height: 24 });
    const { width, height, data } = await readImage(file, 'content', LIMIT);
    t.deepEqual([width, height], [16, 24]);
    t.true(difference([data[0]!, data[15 * 3]!], [200, 200]) < 20);
    t.true(difference([data[(23 * 16 + 0) * 3]!, data[(23 * 16 + 15) * 3]!], [30, 30]) < 20);
  });
}

test('a JPEG with a gain map is what a screen without high dynamic range shows', async (t) => {
  const pixels = noise(64 * 64 * 3, 8).map((_, i) => ((i % 192) + i / 128) * 0.8);
  const plain = await encoded(pixels, 64, 64, 3).jpeg().toBuffer();
  const image = sharp(plain) as Sharp & { withGainMap(): Sharp }; // its types lag behind
  const file = await image.withGainMap().jpeg().toBuffer();
  const second = file.indexOf(Buffer.from('ffd8ff', 'hex'), 2);
  const base = Buffer.from(file.subarray(0, second));
  for (const name of ['http://ns.adobe.com/xap', 'MPF\0', 'urn:iso:std:iso:ts:21496']) {
    for (let at = base.indexOf(name); at >= 0; at = base.indexOf(name, at + 1)) base.write('x', at);
  }
  t.truthy((await sharp(file).metadata()).gainMap);
  t.falsy((await sharp(base).metadata()).gainMap);
  const { data } = await readImage(file, 'content', LIMIT);
  t.deepEqual(data, (await readImage(base, 'content', LIMIT)).data);
});

const [W, H] = [7, 5];
const COLOURS = noise(256 * 3, 8, 5) as Uint8Array;

for (const bits of [1, 4, 8] as const) {
  for (const options of [{}, { topDown: true }, { core: true }] as const) {
    test(`BMP of ${bits} bits ${JSON.stringify(options)}`, async (t) => {
      const indices = noise(W * H, 8).map((value) => value % (1 << bits)) as Uint8Array;
      const palette = COLOURS.subarray(0, 3 << bits);
      const file = bmpFile({ width: W, height: H, bits, palette, ...options }, (x, y) => indices[y * W + x]!);
      const { data, alpha } = await readImage(file, 'content', LIMIT);
      t.deepEqual(
        [...data],
        [...indices].flatMap((index) => [...palette.subarray(index * 3, index * 3 + 3)]),
      );
      t.is(alpha, undefined);
      t.like(await probeImage(file, 'content', LIMIT), { width: W, height: H, hasAlpha: false });
    });
  }
}

const RGB = noise(W * H * 3, 8, 9);
const rgb = (x: number, y: number) =>
  [0, 1, 2].map((k) => RGB[(y * W + x) * 3 + k]!) as [number, number, number];

for (const options of [{}, { topDown: true }, { core: true }] as const) {
  test(`BMP of 24 bits ${JSON.stringify(options)}`, async (t) => {
    const file = bmpFile({ width: W, height: H, bits: 24, ...options }, (x, y) => {
      const [r, g, b] = rgb(x, y);
      return (r << 16) | (g << 8) | b;
    });
    t.deepEqual((await readImage(file, 'content', LIMIT)).data, Float32Array.from(RGB));
  });
}

test('BMP of 32 bits: the fourth byte is nothing without a mask for it', async (t) => {
  const value = (x: number, y: number) => {
    const [r, g, b] = rgb(x, y);
    return ((77 << 24) | (r << 16) | (g << 8) | b) >>> 0;
  };
  const { data, alpha } = await readImage(
    bmpFile({ width: W, height: H, bits: 32 }, value),
    'content',
    LIMIT,
  );
  t.deepEqual(data, Float32Array.from(RGB));
  t.is(alpha, undefined);
  const masks = [0xff0000, 0xff00, 0xff, 0xff000000];
  const masked = await readImage(bmpFile({ width: W, height: H, bits: 32, masks }, value), 'content', LIMIT);
  t.deepEqual(masked.data, Float32Array.from(RGB));
  t.true(masked.alpha!.every((opacity) => opacity === Math.fround(77 / 255)));
  const empty = bmpFile({ width: W, height: H, bits: 32, masks }, (x, y) => value(x, y) & 0xffffff);
  t.is((await readImage(empty, 'content', LIMIT)).alpha, undefined, 'alpha that is 0 throughout means none');
});

test('BMP of 16 bits, five each and with a sixth for green', async (t) => {
  const value = (r: number, g: number, b: number, greens: number) => (r << (5 + greens)) | (g << 5) | b;
  const five = bmpFile({ width: 2, height: 1, bits: 16 }, (x) => value(31, 16, x, 5));
  t.deepEqual([...(await readImage(five, 'content', LIMIT)).data], [255, 132, 0, 255, 132, 8]);
  const masks = [0xf800, 0x7e0, 0x1f, 0];
  const six = bmpFile({ width: 2, height: 1, bits: 16, masks }, (x) => value(0, 63, 31 * x, 6));
  t.deepEqual([...(await readImage(six, 'content', LIMIT)).data], [0, 255, 0, 0, 255, 255]);
});

test('BMP in runs: repeated, as they are, skipped and cut off', async (t) => {
  const palette = Uint8Array.of(0, 0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90);
  const eight = [3, 1, 0, 3, 2, 3, 2, 0, 0, 0, 0, 2, 1, 0, 2, 3, 0, 1];
  const file = bmpFile({ width: 6, height: 2, bits: 8, palette, runs: Uint8Array.from(eight) }, () => 0);
  const { data, alpha } = await readImage(file, 'content', LIMIT);
  t.deepEqual([...alpha!], [0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1]);
  t.deepEqual([...data.filter((_, i) => i % 3 === 0)].slice(6), [10, 10, 10, 40, 70, 40]);
  t.deepEqual([data[3], data[6]], [70, 70]);
  const four = Uint8Array.of(5, 0x12, 0, 0, 0, 3, 0x12, 0x30, 2, 0x11, 0, 1);
  const small = bmpFile({ width: 5, height: 2, bits: 4, palette, runs: four }, () => 0);
  const red = (await readImage(small, 'content', LIMIT)).data.filter((_, i) => i % 3 === 0);
  t.deepEqual([...red], [10, 40, 70, 10, 10, 10, 40, 10, 40, 10]);
});

test('BMP that is cut short, of an unknown kind, or over the limit', async (t) => {
  const file = bmpFile({ width: W, height: H, bits: 24 }, () => 0);
  const cut = readImage(file.subarray(0, file.length - 24), 'content', LIMIT);
  await t.throwsAsync(cut, { instanceOf: ImageError, message: /cannot be decoded: the BMP is cut short$/ });
  const runs = bmpFile(
    { width: W, height: H, bits: 8, palette: COLOURS, runs: Uint8Array.of(9, 9) },
    () => 0,
  );
  await t.throwsAsync(readImage(runs, 'content', LIMIT), { message: /the BMP is cut short$/ });
  const odd = Buffer.from(file);
  odd.writeUInt16LE(2, 28);
  await t.throwsAsync(readImage(odd, 'content', LIMIT), {
    message: /a BMP of 2 bits and compression 0 is not read$/,
  });
  const huge = Buffer.from(file);
  huge.writeInt32LE(0x7fffffff, 18);
  huge.writeInt32LE(-0x80000000, 22);
  await t.throwsAsync(readImage(huge, 'content', LIMIT), { code: 'ERR_IMAGE_SIZE' });
});
