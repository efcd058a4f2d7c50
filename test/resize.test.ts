// Resizing: Lanczos as it is defined, on every channel, the same for any number of threads, and nothing at all when
// the size is right already.

import test from 'ava';
import { resize } from '../dist/image/resize.js';
import { bits, plain, relative, wave } from './support/runs.js';

/** Lanczos with three lobes by the book, one axis: `from` samples a row apart by `stride`. */
function lanczos(from: number, to: number, at: (k: number) => number): number[] {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
  return Array.from({ length: to }, (_, i) => {
    let sum = 0;
    let weights = 0;
    for (let k = 0; k < from; k++) {
      const x = (k + 0.5 - (i + 0.5) * scale) / stretch;
      if (Math.abs(x) >= 3) continue;
      sum += sinc(x) * sinc(x / 3) * at(k);
      weights += sinc(x) * sinc(x / 3);
    }
    return sum / weights;
  });
}

function byTheBook(data: Float32Array, [w, h]: [number, number], [tw, th]: [number, number]): Float32Array {
  const out = new Float32Array(tw * th * 3);
  for (let c = 0; c < 3; c++) {
    const rows = Array.from({ length: h }, (_, y) => lanczos(w, tw, (x) => data[(y * w + x) * 3 + c]!));
    for (let x = 0; x < tw; x++) {
      for (const [y, value] of lanczos(h, th, (y) => rows[y]![x]!).entries())
        out[(y * tw + x) * 3 + c] = value;
    }
  }
  return out;
}

for (const [from, to] of [
  [
    [31, 23],
    [17, 12],
  ],
  [
    [31, 23],
    [47, 40],
  ],
  [
    [31, 23],
    [64, 5],
  ],
  [
    [1, 1],
    [4, 3],
  ],
  [
    [200, 3],
    [2, 2],
  ],
  [
    [31, 23],
    [31, 12],
  ],
  [
    [31, 23],
    [40, 23],
  ],
] as [[number, number], [number, number]][]) {
  test(`${from.join('x')} to ${to.join('x')}`, async (t) => {
    const image = wave(...from);
    const { data, width, height } = await resize(image, { width: to[0], height: to[1] }, { threads: 2 });
    t.deepEqual([width, height], to);
    t.true(relative(data, byTheBook(image.data, from, to)) < 1e-6);
  });
}

test('in whole steps it is what Pillow makes', async (t) => {
  const [w, h] = [9, 7];
  const grey = Array.from({ length: w * h }, (_, i) => {
    const [x, y] = [i % w, Math.floor(i / w)];
    return (x * x * 37 + y * 91 + x * y * 53) % 256;
  });
  const image = { data: Float32Array.from(grey.flatMap((v) => [v, v, v])), width: w, height: h };
  const made = await resize(
    image,
    { width: 5, height: 4 },
    { filter: 'cubic', threads: 1, wholeSteps: true },
  );
  // Of Pillow 9.4's bicubic; rounded once, at the end, some are other numbers.
  const expected = [
    72, 101, 87, 107, 90, 127, 91, 137, 160, 125, 135, 139, 74, 133, 76, 145, 78, 96, 158, 105,
  ];
  t.deepEqual(
    [...made.data],
    expected.flatMap((v) => [v, v, v]),
  );
  t.deepEqual(
    [...image.data],
    grey.flatMap((v) => [v, v, v]),
  ); // the caller's is as it was
});

test('an image of the size asked for comes back as it is', async (t) => {
  const image = wave(20, 10);
  t.is(await resize(image, { width: 20, height: 10 }, { threads: 2 }), image);
});

test('one colour stays one colour', async (t) => {
  for (const [width, height] of [
    [3, 40],
    [90, 7],
  ] as const) {
    const { data } = await resize(plain(20, 13, [255, 0, 12.5]), { width, height }, { threads: 2 });
    t.true(relative(data, plain(width, height, [255, 0, 12.5]).data) < 1e-6);
  }
});

test('colours are resized as far as they are visible, so that nothing hidden shows at the edge', async (t) => {
  const alpha = Float32Array.from({ length: 31 * 23 }, (_, i) => (i % 31 < 15 ? 1 : 0));
  const hiding = (hidden: number) => {
    const image = plain(31, 23, [40, 90, 200]);
    for (const [i, opacity] of alpha.entries()) if (!opacity) image.data.fill(hidden, 3 * i, 3 * i + 3);
    return { ...image, alpha };
  };
  for (const [width, height] of [
    [15, 11],
    [62, 40],
  ] as const) {
    // biome-ignore format: a pair
    const small = await resize(hiding(255), { width, height }, { threads: 2 });
    t.is(bits(small), bits(await resize(hiding(0), { width, height }, { threads: 2 })));
    t.true(small.data.every((value, i) => Math.abs(value - [40, 90, 200][i % 3]!) < 1e-2));
    t.is(small.alpha?.length, width * height);
    t.deepEqual([small.alpha![0], small.alpha!.at(-1)], [1, 0]);
    t.true(small.alpha!.some((opacity) => opacity > 0 && opacity < 1));
  }
});

test('opacity is resized like a channel', async (t) => {
  const alpha = Float32Array.from({ length: 31 * 23 }, (_, i) => ((i % 31) + 1) / 32);
  const grey = plain(31, 23, [0, 0, 0]);
  for (const [i, opacity] of alpha.entries()) grey.data.fill(opacity * 255, 3 * i, 3 * i + 3);
  const size = { width: 15, height: 11 };
  const shown = await resize(grey, size, { threads: 2 });
  const small = await resize({ ...plain(31, 23, [0, 0, 0]), alpha }, size, { threads: 2 });
  t.true(
    relative(
      small.alpha!,
      shown.data.filter((_, i) => i % 3 === 0).map((v) => v / 255),
    ) < 1e-6,
  );
});

test('the number of threads changes nothing', async (t) => {
  const image = wave(301, 203);
  const results = [];
  for (const threads of [1, 2, 3, 8]) {
    results.push(bits(await resize(image, { width: 150, height: 333 }, { threads })));
  }
  t.is(new Set(results).size, 1);
});
