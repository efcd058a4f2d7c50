// Every bad input is refused with an error that names the option, by both the probe and the reader.

import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import sharp from 'sharp';
import { type ErrorCode, ImageError, OptionError } from '../dist/errors.js';
import { probeImage, readImage } from '../dist/image/read.js';
import type { ImageSource } from '../dist/image/types.js';
import { encoded, folder, LIMIT, noise } from './support/image-fixtures.js';

async function refused(
  t: ExecutionContext,
  source: unknown,
  code: ErrorCode,
  message: RegExp,
  limit = LIMIT,
) {
  for (const action of [probeImage, readImage]) {
    const error = await t.throwsAsync<ImageError | OptionError>(
      action(source as ImageSource, 'style[1]', limit),
    );
    t.true(error instanceof (code === 'ERR_OPTION' ? OptionError : ImageError));
    t.is(error?.code, code);
    t.is(error?.option, 'style[1]');
    t.regex(error?.message ?? '', message);
    t.true(error?.message.startsWith('style[1]'));
  }
}

test('missing file', async (t) => {
  await refused(t, join(await folder(t), 'no.png'), 'ERR_IMAGE', /no\.png" does not exist$/);
});

test('a long path is shortened from the left', async (t) => {
  await refused(
    t,
    `/${'x'.repeat(200)}/no.png`,
    'ERR_IMAGE',
    /^style\[1\]: "…x{60,}\/no\.png" does not exist$/,
  );
});

test('folder', async (t) => {
  await refused(t, await folder(t), 'ERR_IMAGE', /is a folder$/);
});

const unprivileged = process.platform !== 'win32' && process.getuid?.() !== 0 ? test : test.skip;
unprivileged('unreadable file', async (t) => {
  const path = join(await folder(t), 'a.png');
  await writeFile(path, 'x');
  await chmod(path, 0);
  await refused(t, path, 'ERR_IMAGE', /permission denied$/);
});

(process.platform === 'win32' ? test.skip : test)('a pipe is not waited for', async (t) => {
  const path = join(await folder(t), 'pipe');
  await promisify(execFile)('mkfifo', [path]);
  await refused(t, path, 'ERR_IMAGE', /is not a regular file$/);
});

test('empty file', async (t) => {
  const path = join(await folder(t), 'a.png');
  await writeFile(path, '');
  await refused(t, path, 'ERR_IMAGE', /a\.png" is empty$/);
});

test('not an image', async (t) => {
  const path = join(await folder(t), 'a.png');
  await writeFile(path, 'This is text.');
  await refused(t, path, 'ERR_IMAGE', /a\.png" is not an image, or its format is not supported$/);
});

for (const format of ['png', 'jpeg', 'webp', 'tiff', 'avif', 'gif'] as const) {
  test(`${format} with a truncated header`, async (t) => {
    const file = await encoded(noise(3072, 8), 32, 32, 3)[format]().toBuffer();
    await refused(
      t,
      file.subarray(0, 20),
      'ERR_IMAGE',
      /the image in memory \(20 bytes\) (is not|cannot be)/,
    );
  });
}

test('PNG that ends before its pixels', async (t) => {
  const png = await encoded(noise(3072, 8), 32, 32, 3).png().toBuffer();
  await refused(t, png.subarray(0, 34), 'ERR_IMAGE', /cannot be decoded/);
});

for (const format of ['png', 'jpeg', 'webp', 'avif'] as const) {
  test(`${format} with a truncated body is not half a picture`, async (t) => {
    const file = await encoded(noise(3 * 128 * 128, 8), 128, 128, 3)
      [format]()
      .toBuffer();
    const half = file.subarray(0, file.length * 0.7);
    const error = await t.throwsAsync(readImage(half, 'content', LIMIT), { instanceOf: ImageError });
    t.regex(error?.message ?? '', /^content: the image in memory \(\d+ bytes\) cannot be decoded: ./);
  });
}

test('PNG with a damaged body', async (t) => {
  const png = await encoded(noise(3072, 8), 32, 32, 3).png().toBuffer();
  png.fill(0, 1000, 1100);
  await t.throwsAsync(readImage(png, 'content', LIMIT), {
    instanceOf: ImageError,
    message: /cannot be decoded/,
  });
});

test('PNG of size zero', async (t) => {
  const png = await encoded(noise(3072, 8), 32, 32, 3).png().toBuffer();
  png.writeUInt32BE(0, 16);
  await refused(t, png, 'ERR_IMAGE_SIZE', /is 0 × 32 pixels/);
});

for (const format of ['png', 'jpeg'] as const) {
  test(`${format} over the pixel limit`, async (t) => {
    const file = await encoded(noise(3072, 8), 32, 32, 3)[format]().toBuffer();
    const message = /is 32 × 32 pixels, over the limit of 1023; maxPixels raises it$/;
    await refused(t, file, 'ERR_IMAGE_SIZE', message, 1023);
  });
}

test("sharp's own pixel limit does not bite below ours", async (t) => {
  const create = { width: 16400, height: 16400, channels: 3 as const, background: 'grey' };
  const file = await sharp({ create, limitInputPixels: false }).jpeg().toBuffer();
  t.is((await probeImage(file, 'content', 1e9)).width, 16400);
});

test('raw image over the pixel limit', async (t) => {
  const raw = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 };
  await refused(
    t,
    raw,
    'ERR_IMAGE_SIZE',
    /the raw image is 2 × 2 pixels, over the limit of 3; maxPixels raises it/,
    3,
  );
});

const raw = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 };
const badRaw: [string, object, RegExp][] = [
  ['length', { ...raw, data: new Uint8Array(11) }, /\.data has 11 values, but 2 × 2 × 3 = 12 are needed$/],
  ['fractional width', { ...raw, width: 1.5 }, /\.width must be a whole number above 0, not 1\.5$/],
  ['zero height', { ...raw, height: 0 }, /\.height must be a whole number above 0, not 0$/],
  ['negative width', { ...raw, width: -2 }, /\.width must be a whole number above 0, not -2$/],
  ['channels', { ...raw, channels: 5 }, /\.channels must be 1, 2, 3 or 4, not 5$/],
  ['data type', { ...raw, data: new Float64Array(12) }, /\.data must be a Uint8Array, .*not an object of type Float64Array$/],
  ['no data', { ...raw, data: undefined }, /\.data must be a Uint8Array, .*not undefined$/],
  ['NaN', { ...raw, data: new Float32Array(12).fill(Number.NaN, 7) }, /\.data\[7\] must be a finite number, not NaN$/],
  ['Infinity', { ...raw, data: new Float32Array(12).fill(-1 / 0, 11) }, /\.data\[11\] must be .*, not -Infinity$/],
]; // biome-ignore format: a table
for (const [name, source, message] of badRaw) {
  test(`raw image: ${name}`, (t) => refused(t, source, 'ERR_OPTION', message));
}

const noSource: [string, unknown, RegExp][] = [
  ['a number', 7, /must be a path, a file: URL, an encoded image in memory or a RawImage, not 7$/],
  ['null', null, /, not null$/],
  ['an array', [1, 2], /, not an object of type Array$/],
  ['an empty string', '', /, not an empty string$/],
  ['an http: URL', new URL('http://example.com/a.png'), /"http:\/\/example\.com\/a\.png" is not a local file; only local files are read$/],
  ['an https: string', 'https://example.com/a.png', /only local files are read$/],
  ['a data: URL', 'data:image/png;base64,AAAA', /only local files are read$/],
  ['a null character', 'a\0.png', /contains a null character$/],
]; // biome-ignore format: a table
for (const [name, source, message] of noSource) {
  test(`no source: ${name}`, (t) => refused(t, source, 'ERR_OPTION', message));
}

test('no source: a file: URL of another host', async (t) => {
  const pattern = process.platform === 'win32' ? /does not exist/ : /is not a usable file: URL/;
  await refused(
    t,
    'file://elsewhere/a.png',
    process.platform === 'win32' ? 'ERR_IMAGE' : 'ERR_OPTION',
    pattern,
  );
});

test('a folder in the way of the path', async (t) => {
  const root = await folder(t);
  await mkdir(join(root, 'a.png'));
  await refused(t, join(root, 'a.png'), 'ERR_IMAGE', /a\.png" is a folder$/);
});
