// Writing: what is encoded decodes to the same picture, and a file is replaced whole or not at all.

import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import sharp from 'sharp';
import { ImageError, OptionError, OutputError } from '../dist/errors.js';
import { writeAtomically } from '../dist/files/atomic.js';
import { Picture } from '../dist/image/picture.js';
import { readImage } from '../dist/image/read.js';
import type { Raster } from '../dist/image/types.js';
import { checkOutput, encodeImage, readOptions } from '../dist/image/write.js';
import { difference, floats, folder, gradient, LIMIT, noise } from './support/image-fixtures.js';

const [W, H] = [13, 7];
const FORMATS = ['png', 'jpeg', 'webp', 'tiff', 'avif'] as const;
const OPTIONS = {
  content: 'Öl & <Kreide>/漢字 😀.png',
  size: 512,
  nested: { styles: ['a', '"b"'], nothing: null },
};
const read = async (source: Buffer | string): Promise<Raster> => {
  const { notes, ...raster } = await readImage(source, 'content', LIMIT);
  return raster;
};
/** No pixel is fully transparent: its colour would not come back. */
const alphaRamp = Float32Array.from({ length: W * H }, (_, i) => Math.fround(((i % 255) + 1) / 255));

for (const format of ['png', 'tiff'] as const) {
  test(`8-bit ${format} round trip`, async (t) => {
    const data = Float32Array.from(noise(W * H * 3, 8));
    const raster = { data, width: W, height: H, alpha: alphaRamp };
    t.deepEqual(await read(await encodeImage(raster, format, {})), raster);
  });

  test(`16-bit ${format} round trip`, async (t) => {
    const data = floats(noise(W * H * 3, 16) as Uint16Array);
    const file = await encodeImage({ data, width: W, height: H }, format, { bitDepth: 16 });
    t.is((await sharp(file).metadata()).depth, 'ushort');
    t.deepEqual(await read(file), { data, width: W, height: H });
  });

  test(`16-bit ${format} round trip with alpha`, async (t) => {
    const data = floats(noise(W * H * 3, 16) as Uint16Array);
    const raster = { data, width: W, height: H, alpha: alphaRamp };
    t.deepEqual(await read(await encodeImage(raster, format, { bitDepth: 16 })), raster);
  });
}

for (const format of ['jpeg', 'webp', 'avif'] as const) {
  test(`${format} round trip, nearly`, async (t) => {
    const raster = gradient(64, 48);
    const { data, width, height } = await read(await encodeImage(raster, format, {}));
    t.deepEqual([width, height], [64, 48]);
    t.true(difference(data, raster.data) < 8);
  });
}

for (const format of ['webp', 'avif'] as const) {
  test(`${format} carries alpha`, async (t) => {
    const alpha = Float32Array.from({ length: 64 * 48 }, (_, i) => (i % 64) / 64);
    const raster = await read(await encodeImage({ ...gradient(64, 48), alpha }, format, {}));
    t.true(difference(raster.alpha!, alpha) < 0.02);
  });
}

test('jpeg drops alpha and keeps full chroma', async (t) => {
  const alpha = new Float32Array(64 * 48).fill(0.25);
  const jpeg = await encodeImage({ ...gradient(64, 48), alpha }, 'jpeg', {});
  const { channels, chromaSubsampling } = await sharp(jpeg).metadata();
  t.deepEqual([channels, chromaSubsampling], [3, '4:4:4']);
  t.true(difference((await read(jpeg)).data, gradient(64, 48).data) < 8);
});

test('encoderQuality makes a lossy file smaller', async (t) => {
  const raster = { data: Float32Array.from(noise(W * H * 3, 8)), width: W, height: H };
  for (const format of ['jpeg', 'webp', 'avif'] as const) {
    const low = await encodeImage(raster, format, { encoderQuality: 5 });
    t.true(low.length < (await encodeImage(raster, format, { encoderQuality: 100 })).length);
  }
});

test('values are clamped and rounded to nearest', async (t) => {
  const data = Float32Array.of(-40, 0.49, 0.51, 254.4, 254.6, 900);
  const png = await encodeImage({ data, width: 2, height: 1 }, 'png', {});
  t.deepEqual([...(await read(png)).data], [0, 0, 1, 254, 255, 255]);
});

for (const format of FORMATS) {
  test(`${format} has the sRGB profile and the options`, async (t) => {
    const file = await encodeImage(gradient(8, 8), format, { options: OPTIONS });
    const { icc, space } = await sharp(file).metadata();
    t.is(icc?.toString('latin1', 36, 40), 'acsp');
    t.is(space, 'srgb');
    t.deepEqual(await readOptions(file), OPTIONS);
    t.is(await readOptions(await encodeImage(gradient(8, 8), format, {})), undefined);
  });
}

test('16-bit TIFF has the sRGB profile and the options', async (t) => {
  const file = await encodeImage(gradient(8, 8), 'tiff', { bitDepth: 16, options: OPTIONS });
  const eight = await encodeImage(gradient(8, 8), 'tiff', {});
  t.deepEqual((await sharp(file).metadata()).icc, (await sharp(eight).metadata()).icc);
  t.deepEqual(await readOptions(file), OPTIONS);
});

test('readOptions: an image of someone else has none', async (t) => {
  const create = { width: 2, height: 2, channels: 3 as const, background: 'red' };
  for (const format of ['png', 'jpeg'] as const) {
    const file = await sharp({ create })
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
      [format]()
      .toBuffer();
    t.is(await readOptions(file), undefined);
  }
});

test('readOptions: a missing file', async (t) => {
  const error = await t.throwsAsync(readOptions('no-such.png'), { instanceOf: ImageError });
  t.regex(error?.message ?? '', /"no-such\.png" does not exist/);
});

test('encodeImage refuses bad options by name', async (t) => {
  const bad: [string, object, RegExp][] = [
    ['png', { bitDepth: 12 }, /^bitDepth must be 8 or 16, not 12$/],
    ['jpeg', { bitDepth: 16 }, /^bitDepth 16 is for png and tiff only, not jpeg$/],
    ['jpeg', { encoderQuality: 0 }, /^encoderQuality must be a whole number from 1 to 100, not 0$/],
    ['jpeg', { encoderQuality: 50.5 }, /^encoderQuality must be .* not 50\.5$/],
    ['bmp', {}, /^format must be one of png, jpeg, webp, tiff, avif, not "bmp"$/],
  ];
  for (const [format, options, message] of bad) {
    await t.throwsAsync(encodeImage(gradient(2, 2), format as 'png', options), {
      instanceOf: OptionError,
      message,
    });
  }
});

test('a size that a format cannot hold is an OptionError', async (t) => {
  const raster = { data: new Float32Array(3 * 16384), width: 16384, height: 1 };
  const error = await t.throwsAsync(encodeImage(raster, 'webp', {}), { instanceOf: OptionError });
  t.regex(error?.message ?? '', /^16384 × 1 pixels as webp: /);
});

test('checkOutput accepts every known extension, in either case, without making a file', async (t) => {
  const root = await folder(t);
  for (const extension of ['png', 'jpg', 'jpeg', 'webp', 'tif', 'tiff', 'avif', 'PNG']) {
    await checkOutput(join(root, `a.${extension}`));
  }
  t.deepEqual(await readdir(root), []);
});

test('checkOutput refuses an unknown extension', async (t) => {
  for (const path of ['a.bmp', 'a', '']) {
    const error = await t.throwsAsync<OptionError>(checkOutput(path), { instanceOf: OptionError });
    t.is(error?.option, 'output');
    t.is(
      error?.message,
      `output must end in one of .png, .jpg, .jpeg, .webp, .tif, .tiff, .avif, not "${path}"`,
    );
  }
});

test('checkOutput refuses a path that cannot be written', async (t) => {
  const root = await folder(t);
  await mkdir(join(root, 'folder.png'));
  await writeFile(join(root, 'file'), '');
  const bad: [string, RegExp][] = [
    ['no/a.png', /its folder does not exist$/],
    ['folder.png', /it is a folder$/],
    ['file/a.png', /its folder is not a folder$/],
  ];
  for (const [name, message] of bad) {
    const path = join(root, name);
    const error = await t.throwsAsync<OutputError>(checkOutput(path), { instanceOf: OutputError, message });
    t.is(error?.path, path);
    t.true(error?.message.includes(name));
  }
});

const unprivileged = process.platform !== 'win32' && process.getuid?.() !== 0 ? test : test.skip;
unprivileged('checkOutput refuses a folder and a file without write permission', async (t) => {
  const root = await folder(t);
  await writeFile(join(root, 'a.png'), '', { mode: 0o444 });
  await mkdir(join(root, 'locked'), { mode: 0o555 });
  for (const path of [join(root, 'a.png'), join(root, 'locked', 'b.png')]) {
    await t.throwsAsync(checkOutput(path), { instanceOf: OutputError, message: /permission denied$/ });
  }
});

test('writeAtomically makes a file and replaces it, with no other file left', async (t) => {
  const root = await folder(t);
  const path = join(root, 'a.png');
  for (const text of ['old', 'new']) {
    await writeAtomically(path, Buffer.from(text));
    t.is(await readFile(path, 'utf8'), text);
  }
  t.deepEqual(await readdir(root), ['a.png']);
});

test('writeAtomically names the path when its folder is missing', async (t) => {
  const path = join(await folder(t), 'no', 'a.png');
  const error = await t.throwsAsync<OutputError>(writeAtomically(path, Buffer.from('x')), {
    instanceOf: OutputError,
  });
  t.is(error?.path, path);
  t.regex(error?.message ?? '', /^cannot write ".*a\.png": its folder does not exist$/);
});

const posix = process.platform === 'win32' ? test.skip : test;

posix('a failed write leaves the old file and no temporary one', async (t) => {
  const root = await folder(t);
  const path = join(root, 'a.png');
  await writeFile(path, 'old');
  const module = new URL('../dist/files/atomic.js', import.meta.url).href;
  const script = `const { writeAtomically } = await import(${JSON.stringify(module)});
    await writeAtomically(${JSON.stringify(path)}, new Uint8Array(1 << 20)).catch((error) => {
      console.log(error.name, error.message);
    });`;
  // A limit on the size of files stands in for a full disk.
  const limited = 'ulimit -f 8; exec "$0" --input-type=module -e "$1"';
  const { stdout } = await promisify(execFile)('sh', ['-c', limited, process.execPath, script]);
  t.is(stdout, `OutputError cannot write "${path.slice(-72)}": the file would be too large\n`);
  t.is(await readFile(path, 'utf8'), 'old');
  t.deepEqual(await readdir(root), ['a.png']);
});

posix('a replaced file keeps its permissions', async (t) => {
  const path = join(await folder(t), 'a.png');
  await writeFile(path, 'old');
  await chmod(path, 0o640);
  await writeAtomically(path, Buffer.from('new'));
  t.is((await stat(path)).mode & 0o777, 0o640);
});

posix('what a symbolic link points to is replaced, the link stays', async (t) => {
  const root = await folder(t);
  await mkdir(join(root, 'real'));
  await symlink('real/a.png', join(root, 'link.png'));
  for (const text of ['made', 'replaced']) {
    await writeAtomically(join(root, 'link.png'), Buffer.from(text));
    t.is(await readFile(join(root, 'real', 'a.png'), 'utf8'), text);
  }
  t.is(await readlink(join(root, 'link.png')), 'real/a.png');
});

posix('a device is never replaced', async (t) => {
  const path = join(await folder(t), 'a.png');
  await symlink('/dev/null', path);
  await t.throwsAsync(writeAtomically(path, Buffer.from('x')), { message: /it is not a regular file$/ });
});

test('Picture: fields, and toRaw with alpha', (t) => {
  const data = Float32Array.of(-1, 10.6, 300);
  const picture = new Picture({ data, width: 1, height: 1, alpha: Float32Array.of(0.5) }, OPTIONS);
  t.is(picture.data, data);
  t.is(picture.options, OPTIONS);
  t.deepEqual(picture.toRaw(), {
    data: Uint8ClampedArray.of(0, 11, 255, 128),
    width: 1,
    height: 1,
    channels: 4,
  });
});

test('Picture: opaque', (t) => {
  const picture = new Picture(gradient(4, 3), {});
  t.deepEqual([picture.width, picture.height, picture.channels, picture.alpha], [4, 3, 3, undefined]);
  t.is(picture.toRaw().data.length, 36);
});

test('Picture: save by extension, with its options; the floats stay usable', async (t) => {
  const path = join(await folder(t), 'a.TIF');
  const picture = new Picture(gradient(8, 8), OPTIONS);
  await picture.save(path, { bitDepth: 16 });
  t.is((await sharp(path).metadata()).format, 'tiff');
  t.deepEqual(await readOptions(path), OPTIONS);
  t.deepEqual(picture.data, gradient(8, 8).data);
});

test('Picture: encode gives what toRaw gives', async (t) => {
  const picture = new Picture(gradient(9, 5), {});
  t.is(difference((await read(await picture.encode('png'))).data, picture.toRaw().data), 0);
});

test('Picture: a bad save writes nothing', async (t) => {
  const root = await folder(t);
  const picture = new Picture(gradient(2, 2), {});
  await t.throwsAsync(picture.save(join(root, 'a.jpg'), { bitDepth: 16 }), { instanceOf: OptionError });
  await t.throwsAsync(picture.save(join(root, 'a.xyz')), { instanceOf: OptionError });
  t.deepEqual(await readdir(root), []);
});
