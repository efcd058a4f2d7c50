// The pyramid: which sizes a picture passes through, alone and as a run reports them.

import test from 'ava';
import { type ImageSource, type StylizeOptions, stylize } from '../dist/index.js';
import { longSides as longSidesBy, sizeAt } from '../dist/run/scales.js';
import { collect, network, options, wave } from './support/runs.js';

const longSides = (size: number, minSize: number, scales: number) =>
  longSidesBy(size, minSize, scales, Math.SQRT2);

test('√2 steps that end exactly at the size', (t) => {
  t.deepEqual(longSides(512, 128, 64), [128, 181, 256, 362, 512]);
  t.deepEqual(longSides(1024, 128, 64), [128, 181, 256, 362, 512, 724, 1024]);
  t.deepEqual(longSides(500, 128, 64), [177, 250, 354, 500]);
  t.deepEqual(
    longSides(513, 250, 64),
    [256, 363, 513],
    'a half is rounded to the even one, whatever √2 twice is',
  );
});

test('steps of another factor', (t) => {
  t.deepEqual(longSidesBy(512, 64, 64, 2), [64, 128, 256, 512]);
  t.deepEqual(longSidesBy(512, 64, 3, 2), [128, 256, 512]);
  t.deepEqual(longSidesBy(500, 64, 64, 3), [167, 500]);
});

test('the smallest scale is not below minSize', (t) => {
  t.deepEqual(longSides(512, 129, 64), [181, 256, 362, 512]);
  t.deepEqual(longSides(512, 362, 64), [362, 512]);
  t.deepEqual(longSides(512, 363, 64), [512]);
  t.deepEqual(longSides(512, 512, 64), [512]);
});

test('a size below minSize is one scale', (t) => {
  t.deepEqual(longSides(100, 128, 64), [100]);
  t.deepEqual(longSides(1, 65536, 64), [1]);
});

test('at most `scales`, and the largest of them', (t) => {
  t.deepEqual(longSides(512, 128, 1), [512]);
  t.deepEqual(longSides(512, 128, 2), [362, 512]);
  t.deepEqual(longSides(512, 128, 5), longSides(512, 128, 64));
});

test('every scale is larger than the one before, however small', (t) => {
  t.deepEqual(longSides(3, 1, 64), [1, 2, 3]);
  for (let size = 1; size <= 300; size++) {
    const sides = longSides(size, 1, 64);
    t.is(sides.at(-1), size);
    for (const [i, side] of sides.entries()) t.true(i === 0 ? side >= 1 : side > sides[i - 1]!);
  }
});

test('the aspect is kept to the nearest pixel', (t) => {
  t.deepEqual(sizeAt({ width: 640, height: 480 }, 512), { width: 512, height: 384 });
  t.deepEqual(sizeAt({ width: 480, height: 640 }, 512), { width: 384, height: 512 });
  t.deepEqual(sizeAt({ width: 3, height: 3 }, 512), { width: 512, height: 512 });
  t.deepEqual(sizeAt({ width: 1000, height: 667 }, 181), { width: 181, height: 121 }); // 120.7
  t.deepEqual(sizeAt({ width: 1000, height: 663 }, 181), { width: 181, height: 120 }); // 120.0
  t.deepEqual(sizeAt({ width: 128, height: 101 }, 64), { width: 64, height: 50 }); // 50.5, halves to the even
  t.deepEqual(sizeAt({ width: 128, height: 103 }, 64), { width: 64, height: 52 }); // 51.5
  t.deepEqual(sizeAt({ width: 5000, height: 1 }, 100), { width: 100, height: 1 }); // never 0
});

/** The sizes that a run reports, once each. */
async function scalesOf(changes: Partial<StylizeOptions>): Promise<string[]> {
  const run = stylize(options({ iterations: 2, ...changes }));
  const all = await collect(run);
  const found = [...new Set(all.map(({ scale }) => scale.join('x')))];
  for (const [i, { scaleIndex, scaleCount, scale, iteration }] of all.entries()) {
    if (scaleCount !== found.length || scaleIndex !== Math.floor(i / 2) + 1 || iteration !== (i % 2) + 1) {
      throw new Error(`progress ${i} counts wrong`);
    }
    if (found[scaleIndex - 1] !== scale.join('x')) throw new Error(`progress ${i} has the wrong scale`);
  }
  const { width, height } = await run;
  if (`${width}x${height}` !== found.at(-1)) throw new Error('the picture does not have the last scale');
  return found;
}

const images: Record<string, ImageSource> = { content: wave(60, 40), style: wave(50, 50, 2) };

test('a run goes through the pyramid', async (t) => {
  t.deepEqual(await scalesOf({ ...images, size: 48, minSize: 16, scales: 64 }), [
    '17x11',
    '24x16',
    '34x23',
    '48x32',
  ]);
});

test('a run with scales: 1, with few scales, with the default minSize', async (t) => {
  t.deepEqual(await scalesOf({ ...images, size: 48, minSize: 16, scales: 1 }), ['48x32']);
  t.deepEqual(await scalesOf({ ...images, size: 48, minSize: 16, scales: 2 }), ['34x23', '48x32']);
  t.deepEqual(await scalesOf({ ...images, size: 48, scales: 64 }), ['48x32']);
});

test('a run by another factor, with passes over the largest', async (t) => {
  const given = { ...images, size: 48, minSize: 12, scales: 64, scaleFactor: 2 };
  t.deepEqual(await scalesOf(given), ['12x8', '24x16', '48x32']);
  const all = await collect(stylize(options({ ...given, iterations: [1, '...', 2], passes: 3 })));
  t.deepEqual(
    all.map(({ scale: [width], scaleIndex, scaleCount }) => [width, scaleIndex, scaleCount]),
    [
      [12, 1, 5],
      [24, 2, 5],
      [48, 3, 5],
      [48, 4, 5],
      [48, 5, 5],
      [48, 5, 5],
    ],
  );
});

test('scales that are too small for the layers are left out for the content, not for a style', async (t) => {
  const weights = await network({ widths: [2, 2, 2, 2, 2] });
  const deep = { weights, contentLayers: ['relu2_1'], styleLayers: ['relu5_1'], scales: 64, minSize: 1 };
  t.deepEqual(await scalesOf({ ...deep, content: wave(40, 30), size: 32 }), ['23x17', '32x24']);
  const warnings: unknown[] = [];
  const narrow = { style: wave(40, 22, 2), onWarning: (warning: unknown) => warnings.push(warning) };
  t.deepEqual(await scalesOf({ ...deep, ...narrow, content: wave(40, 40), size: 32 }), [
    '16x16',
    '23x23',
    '32x32',
  ]);
  t.is(warnings.length, 1, 'that it is laid side by side at some of them');
  // Rounding up leaves a pixel at every size.
  const ceil = await scalesOf({ ...deep, content: wave(40, 30), size: 8, rounding: 'ceil' });
  t.deepEqual(ceil, ['1x1', '2x2', '3x2', '4x3', '6x4', '8x6']);
});
