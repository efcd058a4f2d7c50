// Files that lost something at their end: those with all of the picture are read, and it is said; the others are refused.

import test from 'ava';
import { ImageError } from '../dist/errors.js';
import { readImage } from '../dist/image/read.js';
import { encoded, LIMIT, noise } from './support/image-fixtures.js';
import { bits } from './support/runs.js';

const image = encoded(noise(3 * 96 * 64, 8), 96, 64, 3);

/** What each format ends with, in bytes, after the last of the picture. */
const files: Record<string, { make: () => Promise<Buffer>; end: number }> = {
  jpeg: { make: () => image.clone().jpeg().toBuffer(), end: 2 },
  'progressive jpeg': { make: () => image.clone().jpeg({ progressive: true }).toBuffer(), end: 2 },
  'grey jpeg': { make: () => image.clone().toColourspace('b-w').jpeg().toBuffer(), end: 2 },
  gif: { make: () => image.clone().gif().toBuffer(), end: 2 },
  png: { make: () => image.clone().png().toBuffer(), end: 16 },
};

for (const [name, { make, end }] of Object.entries(files)) {
  test(`${name}: without its end it is the same picture, and that is said`, async (t) => {
    const file = await make();
    const whole = await readImage(file, 'content', LIMIT);
    t.deepEqual(whole.notes, []);
    const cut = file.subarray(0, file.length - end);
    const read = await readImage(cut, 'content', LIMIT);
    t.is(bits(read), bits(whole));
    t.deepEqual(read.notes, [
      `content: the image in memory (${cut.length} bytes) lacks its last bytes; the picture is whole`,
    ]);
  });

  test(`${name}: without the last of its picture it is refused`, async (t) => {
    const file = await make();
    for (const missing of [end + 1, end + 20, Math.floor(file.length / 2)]) {
      const cut = file.subarray(0, file.length - missing);
      const error = await t.throwsAsync(readImage(cut, 'content', LIMIT), { instanceOf: ImageError });
      t.regex(error?.message ?? '', /cannot be decoded: the file is cut short/);
    }
  });
}

test('damage in the middle is no missing end', async (t) => {
  const file = await files.png!.make();
  file.fill(0, 2000, 2100);
  await t.throwsAsync(readImage(file, 'content', LIMIT), {
    instanceOf: ImageError,
    message: /cannot be decoded/,
  });
});

test('a JPEG with damage in its middle is read as viewers show it, and that is said', async (t) => {
  const file = await files.jpeg!.make();
  const { data } = await readImage(file, 'content', LIMIT);
  file.set([0xff, 0x00, 0xff, 0xd5], file.length - 500);
  const read = await readImage(file, 'content', LIMIT);
  t.deepEqual(read.data.subarray(0, 96 * 3), data.subarray(0, 96 * 3));
  t.is(read.notes.length, 1);
  t.regex(read.notes[0]!, /is damaged, and was read as far as it can be: .*Corrupt JPEG data/);
});
