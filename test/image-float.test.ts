// TIFFs of floats: the numbers are the file's twin of 8 bits divided by 255, unless a profile or the caller says otherwise.

import test from 'ava';
import { ImageError } from '../dist/errors.js';
import { readImage, readSizes } from '../dist/image/read.js';
import { halves, iccChunk, pngFile, profile, tiffFile } from './support/image-files.js';
import { difference, LIMIT, noise } from './support/image-fixtures.js';

const [W, H] = [9, 5];
const SRGB = 'content: the image in memory (BYTES bytes) holds floats without a colour profile: they are taken for sRGB from 0 to 1'; // biome-ignore format: one sentence
const light = (v: number) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);

/** Whole steps of 1/256, which half floats hold too. */
const values = (channels: number) => Float32Array.from(noise(W * H * channels, 8), (v) => v / 256);
const file = (channels: number, samples: ArrayBufferView, tags: [number, Uint8Array][] = []) =>
  tiffFile({ width: W, height: H, channels }, samples, { kind: 3, tags });
const read = (source: Buffer) => readImage(source, 'content', LIMIT);

for (const channels of [1, 2, 3, 4]) {
  test(`floats of ${channels} channels are sRGB from 0 to 1, and that is said`, async (t) => {
    const numbers = values(channels);
    for (let i = channels - 1; channels % 2 === 0 && i < numbers.length; i += channels) {
      numbers[i] = ((i % 15) + 1) / 16;
    }
    for (const samples of channels < 3 ? [numbers] : [numbers, halves(numbers)]) {
      const tiff = file(channels, samples);
      const { data, alpha, notes } = await read(tiff);
      const colours = channels < 3 ? 1 : 3;
      const expected = data.map((_, i) => {
        const channel = colours === 1 ? 0 : i % 3;
        return numbers[Math.floor(i / 3) * channels + channel]! * 255;
      });
      t.true(difference(data, expected) < 1e-4);
      if (channels % 2) t.is(alpha, undefined);
      else
        t.true(
          difference(
            alpha!,
            numbers.filter((_, i) => i % channels === channels - 1),
          ) < 1e-6,
        );
      t.deepEqual(notes, [SRGB.replace('BYTES', String(tiff.length))]);
    }
  });
}

test('linear reads them as linear light', async (t) => {
  const numbers = values(3);
  const { data, notes } = await readImage(file(3, numbers), 'content', LIMIT, { linear: true });
  t.true(
    difference(
      data.map((v) => light(v / 255)),
      numbers,
    ) < 1e-5,
  );
  t.regex(notes[0]!, /they are taken for linear light from 0 to 1$/);
});

for (const kind of ['rgb', 'grey'] as const) {
  test(`a profile of ${kind} is honoured`, async (t) => {
    const numbers = values(kind === 'rgb' ? 3 : 1).map((v) => 0.25 + v / 2); // within every gamut
    const { data, notes } = await read(file(kind === 'rgb' ? 3 : 1, numbers, [[34675, profile(kind, 1)]]));
    t.deepEqual(notes, []);
    const shown = kind === 'rgb' ? data : data.filter((_, i) => i % 3 === 0);
    t.true(
      difference(
        shown.map((v) => light(v / 255)),
        numbers,
      ) < 1e-2,
    );
  });
}

test('values outside of 0..1 are cut off, and that is said', async (t) => {
  const numbers = values(3);
  numbers.set([-0.25, 1.5], 4);
  const { data, notes } = await read(file(3, numbers));
  t.deepEqual([data[4], data[5]], [0, 255]);
  t.regex(
    notes[0]!,
    /holds floats from -0\.25 to 1\.5: 2 of 135 values are outside of 0\.\.1 and were cut off$/,
  );
});

test('floats on another scale are refused', async (t) => {
  const error = await t.throwsAsync(
    read(
      file(
        3,
        values(3).map((v) => v * 255),
      ),
    ),
    { instanceOf: ImageError },
  );
  t.regex(error?.message ?? '', /holds floats from 0 to 2\d\d: scale them to 0\.\.1 first$/);
});

for (const fault of [Number.NaN, Number.POSITIVE_INFINITY]) {
  test(`${fault} is refused`, async (t) => {
    const numbers = values(3);
    numbers[7] = fault;
    await t.throwsAsync(read(file(3, numbers)), {
      instanceOf: ImageError,
      message: new RegExp(`holds ${fault} in place of a colour: floats must be numbers from 0 to 1$`),
    });
  });
}

test('at other sizes too', async (t) => {
  const { images, notes } = await readSizes(file(3, values(3).fill(0.5)), 'content', [{ width: 4, height: 2 }], { maxPixels: LIMIT }); // biome-ignore format: one line
  t.true(images[0]!.data.every((value) => Math.abs(value - 127.5) < 1e-3));
  t.is(notes.length, 1);
});

test('whole numbers of 32 bits and signed ones are refused rather than read wrongly', async (t) => {
  const shape = { width: 2, height: 2, channels: 3 };
  const files = [
    tiffFile(shape, new Uint32Array(12).fill(7), {}),
    tiffFile(shape, new Int16Array(12).fill(7), { kind: 2 }),
  ];
  for (const tiff of files) {
    await t.throwsAsync(read(tiff), {
      instanceOf: ImageError,
      message: /holds samples of type u?(int|short), which have no scale: save it with 8 or 16 bits$/,
    });
  }
});

test('half floats of grey are refused', async (t) => {
  const tiff = tiffFile({ width: 2, height: 2, channels: 1 }, halves(new Float32Array(4).fill(0.5)), {
    kind: 3,
  });
  await t.throwsAsync(read(tiff), {
    instanceOf: ImageError,
    message: /holds grey as half floats, which are not read: save it with 8 or 16 bits$/,
  });
});

for (const alpha of [false, true]) {
  for (const depth of [8, 16]) {
    test(`grey of ${depth} bits with a grey profile, ${alpha ? 'with' : 'without'} alpha`, async (t) => {
      const max = 2 ** depth - 1;
      const samples = Array.from({ length: 8 }, (_, i) => Math.round(max * ((i + 1) / 9)));
      const row = Buffer.alloc((8 * depth * (alpha ? 2 : 1)) / 8);
      for (const [i, sample] of samples.entries()) {
        const at = (i * depth * (alpha ? 2 : 1)) / 8;
        row.writeUIntBE(sample, at, depth / 8);
        if (alpha) row.writeUIntBE(max - i, at + depth / 8, depth / 8);
      }
      const png = pngFile([8, 1, depth, alpha ? 4 : 0], [row], [iccChunk(profile('grey', 1))]);
      const image = await read(png);
      const grey = image.data.filter((_, i) => i % 3 === 0);
      const expected = samples.map((sample) => sample / max);
      t.true(
        difference(
          grey.map((v) => light(v / 255)),
          expected,
        ) < (depth === 8 ? 4e-3 : 1e-3),
      );
      t.deepEqual(
        image.data.filter((_, i) => i % 3 === 2),
        grey,
      );
      t.deepEqual(image.alpha && [...image.alpha], alpha ? samples.map((_, i) => Math.fround((max - i) / max)) : undefined); // biome-ignore format: one line
    });
  }
}
