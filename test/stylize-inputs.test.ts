// What a run makes of its inputs: layers, sizes, memory, starts and styles.

import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import sharp from 'sharp';
import { addon } from '../dist/engine/addon.js';
import { resize } from '../dist/image/resize.js';
import {
  ImageError,
  MemoryError,
  OptionError,
  type Picture,
  type Progress,
  type ScumbleError,
  type StylizeOptions,
  stylize,
  WeightsError,
} from '../dist/index.js';
import { bits, collect, folder, network, options, plain, relative, wave } from './support/runs.js';

const deep = await network({ widths: [2, 2, 2, 2, 2] });

const firstPreview = async (changes: Partial<StylizeOptions>): Promise<Picture> => {
  let first: Picture | undefined;
  const onProgress = async (p: Progress) => {
    first ??= await p.image();
  };
  await stylize(options({ iterations: 1, onProgress, ...changes }));
  return first!;
};

test('a layer that no VGG has, or that is beyond the file, is refused with the layers there are', async (t) => {
  const layers = 'conv1_1 relu1_1 conv1_2 relu1_2 pool1 conv2_1 relu2_1 conv2_2 relu2_2 pool2';
  for (const option of ['contentLayers', 'styleLayers']) {
    for (const layer of ['relu9_9', 'Relu1_1', '', 'relu3_1', 'pool3', '__proto__']) {
      const given = options({ [option]: ['relu1_1', layer] });
      const error = await t.throwsAsync(stylize(given), { instanceOf: OptionError });
      t.is(error?.option, option);
      t.is(error?.value, layer);
      t.is(error?.message, `${option} names ${layer}, but this vgg19 has ${layers}`);
    }
  }
});

test('every layer that there is can be used, in any order', async (t) => {
  const run = stylize(
    options({ contentLayers: ['pool2', 'conv1_1'], styleLayers: ['pool1', 'conv2_2', 'relu1_2'] }),
  );
  const [progress] = await collect(run);
  t.deepEqual(Object.keys(progress?.content ?? {}), ['pool2', 'conv1_1']);
  t.deepEqual(Object.keys(progress?.style ?? {}), ['pool1', 'conv2_2', 'relu1_2']);
});

test("a layer's own weight multiplies its loss", async (t) => {
  const losses = async (styleLayers: Record<string, number>) =>
    (await collect(stylize(options({ iterations: 1, styleLayers }))))[0]!.style;
  const one = await losses({ relu1_1: 1, relu2_1: 1 });
  const two = await losses({ relu1_1: 2, relu2_1: 0 });
  t.true(Math.abs(two.relu1_1! / one.relu1_1! - 2) < 1e-6);
  t.false('relu2_1' in two, 'at weight 0 it is not there');
});

test('a content too small for the layers is refused, a style is laid side by side', async (t) => {
  const layers = { weights: deep, styleLayers: ['relu5_1'], contentLayers: ['relu1_1'] };
  const refused = async (changes: Partial<StylizeOptions>, option: string, message: string) => {
    const given = options({ ...layers, ...changes });
    const error = await t.throwsAsync(stylize(given), { instanceOf: ImageError, code: 'ERR_IMAGE_SIZE' });
    t.is(error?.option, option);
    t.is(
      error?.message,
      `${option} would be ${message}: these layers need 16 pixels on the short side (size is ${given.size})`,
    );
  };
  await refused({ size: 15, content: wave(64, 64), style: wave(64, 64) }, 'content', '15x15');
  await refused({ size: 64, content: wave(64, 15), style: wave(64, 64) }, 'content', '64x15');
  const told = async (changes: Partial<StylizeOptions>, option: string, size: string) => {
    const warnings: ScumbleError[] = [];
    const onWarning = (warning: ScumbleError) => warnings.push(warning);
    const picture = await stylize(
      options({ ...layers, size: 64, content: wave(64, 64), ...changes, onWarning }),
    );
    t.true(picture.data.every(Number.isFinite));
    const [warning, ...others] = warnings;
    t.true(warning instanceof ImageError);
    t.like(warning, { code: 'ERR_IMAGE_SIZE', option });
    t.is(
      warning?.message,
      `${option} would be ${size}, too narrow for these layers: it is laid side by side, mirrored`,
    );
    t.deepEqual(others, []);
  };
  await told({ style: wave(15, 64) }, 'style', '15x64');
  await told({ style: [wave(90, 90), wave(90, 9)] }, 'style[1]', '64x6');
  await told({ style: wave(64, 64), styleScale: 0.1 }, 'style', '6x6');
  const fits = { ...layers, size: 16, onWarning: () => t.fail() };
  t.is((await stylize(options({ ...fits, content: wave(9, 9), style: wave(9, 9) }))).width, 16);
});

test('files that are missing or are something else', async (t) => {
  const missing = join(folder, 'missing.png');
  for (const option of ['content', 'style', 'init']) {
    const error = await t.throwsAsync(stylize(options({ [option]: missing })), { instanceOf: ImageError });
    t.like(error, { code: 'ERR_IMAGE', option });
    const raw = { ...wave(3, 3), width: 4 };
    t.like(await t.throwsAsync(stylize(options({ [option]: raw }))), { code: 'ERR_OPTION', option });
  }
  const second = stylize(options({ style: [wave(9, 9), missing] }));
  t.like(await t.throwsAsync(second, { instanceOf: ImageError }), { option: 'style[1]' });
  await t.throwsAsync(stylize(options({ weights: missing })), {
    instanceOf: WeightsError,
    code: 'ERR_WEIGHTS',
  });
  const limit = stylize(options({ maxPixels: 24 * 20 - 1 }));
  t.like(await t.throwsAsync(limit), { code: 'ERR_IMAGE_SIZE', option: 'style' });
});

test('what is to be said of an image reaches onWarning, whichever image it is', async (t) => {
  const whole = await sharp(Buffer.alloc(24 * 16 * 3, 99), { raw: { width: 24, height: 16, channels: 3 } })
    .jpeg()
    .toBuffer();
  const cut = whole.subarray(0, -2);
  for (const option of ['content', 'style', 'init']) {
    const warnings: ScumbleError[] = [];
    const onWarning = (warning: ScumbleError) => warnings.push(warning);
    await stylize(options({ [option]: whole, onWarning }));
    t.deepEqual(warnings, []);
    await stylize(options({ [option]: cut, onWarning }));
    t.is(warnings.length, 1);
    t.true(warnings[0] instanceof ImageError);
    t.like(warnings[0], { code: 'ERR_IMAGE', option });
    t.regex(warnings[0]!.message, new RegExp(option));
  }
});

function withMemory(t: ExecutionContext, bytes: number) {
  const system = process as unknown as { availableMemory(): number };
  const before = system.availableMemory;
  system.availableMemory = () => bytes;
  t.teardown(() => {
    system.availableMemory = before;
  });
}

test.serial('a size that needs more memory than there is', async (t) => {
  withMemory(t, 8e9);
  let loads = 0;
  const { Network } = addon();
  t.teardown(() => {
    addon().Network = Network;
  });
  addon().Network = {
    load: (...given) => {
      loads++;
      return Network.load(...given);
    },
  };
  const error = await t.throwsAsync(stylize(options({ size: 60000 })), { instanceOf: MemoryError });
  t.is(loads, 0, 'nothing was loaded yet');
  t.is(error?.code, 'ERR_MEMORY');
  t.is(error?.available, 8e9);
  t.true(error!.required > 8e9);
  t.true(error!.fittingSize > 500 && error!.fittingSize < 60000);
  t.is(
    error?.message,
    `size 60000 needs ${Math.ceil(error!.required / 1e6)} MB of memory and 8000 MB are free; size ${error?.fittingSize} would fit`,
  );
});

test.serial('the size that is said to fit does, and one more does not', async (t) => {
  withMemory(t, 60e6);
  const error = await t.throwsAsync(stylize(options({ size: 2000 })), { instanceOf: MemoryError });
  const { fittingSize } = error!;
  t.true(fittingSize > 50 && fittingSize < 1000);
  t.is((await stylize(options({ size: fittingSize, iterations: 1 }))).width, fittingSize);
  const larger = stylize(options({ size: fittingSize + 1 }));
  t.is((await t.throwsAsync(larger, { instanceOf: MemoryError }))?.fittingSize, fittingSize);
});

test.serial('where no size fits, not even those too small for the layers are offered', async (t) => {
  withMemory(t, 1000);
  const given = options({ weights: deep, styleLayers: ['relu5_1'], size: 64 });
  const error = await t.throwsAsync(stylize(given), { instanceOf: MemoryError });
  t.is(error?.fittingSize, 0);
  t.regex(error?.message ?? '', /no size would fit$/);
});

const MEAN = [123.68, 116.779, 103.939];

test('noise is white, around the colour that the network takes for grey, and its seed decides', async (t) => {
  const changes = { content: wave(96, 64), size: 96, init: 'noise' as const };
  const noise = await firstPreview(changes);
  const pixels = noise.data.length / 3;
  for (const [c, mean] of MEAN.entries()) {
    const values = noise.data.filter((_, i) => i % 3 === c);
    const average = values.reduce((a, b) => a + b, 0) / pixels;
    const deviation = Math.sqrt(values.reduce((a, b) => a + (b - average) ** 2, 0) / pixels);
    const neighbours =
      values.reduce((a, b, i) => a + (b - average) * ((values[i + 1] ?? b) - average), 0) / pixels;
    t.true(Math.abs(average - mean) < 4 * (64 / Math.sqrt(pixels)));
    t.true(Math.abs(deviation - 64) < 4 * (64 / Math.sqrt(2 * pixels)));
    t.true(Math.abs(neighbours) < 4 * (64 ** 2 / Math.sqrt(pixels)));
  }
  t.is(bits(await firstPreview(changes)), bits(noise));
  t.is(bits(await firstPreview({ ...changes, seed: 0 })), bits(noise));
  const seeds = [1, 2, 2 ** 32, Number.MAX_SAFE_INTEGER];
  const others = await Promise.all(seeds.map((seed) => firstPreview({ ...changes, seed })));
  t.is(new Set([noise, ...others].map(bits)).size, 5);
  const a = await stylize(options({ init: 'noise', seed: 7 }));
  t.is(bits(await stylize(options({ init: 'noise', seed: 7 }))), bits(a));
  t.not(bits(await stylize(options({ init: 'noise', seed: 8 }))), bits(a));
});

test("noise takes the network's mean in its own units and order", async (t) => {
  const weights = await network({
    blocks: [2, 2],
    widths: [4, 6],
    metadata: { input: 'BGR, 0..1, minus mean', mean: '0.2,0.5,0.8' },
  });
  const { data } = await firstPreview({ weights, content: wave(96, 64), size: 96, init: 'noise' });
  for (const [c, mean] of [204, 127.5, 51].entries()) {
    const values = data.filter((_, i) => i % 3 === c);
    t.true(Math.abs(values.reduce((a, b) => a + b, 0) / values.length - mean) < 4);
  }
});

test('a start at the content does not depend on the seed', async (t) => {
  const pictures = await Promise.all([0, 1, 99].map((seed) => stylize(options({ seed }))));
  t.is(new Set(pictures.map(bits)).size, 1);
});

test('a start of the right size is taken as it is, any other is resized', async (t) => {
  const exact = wave(24, 16, 9);
  t.is(bits(await firstPreview({ init: exact })), bits(exact));
  const other = wave(50, 10, 9);
  const resized = await resize(other, { width: 24, height: 16 }, { threads: 1 });
  t.is(bits(await firstPreview({ init: other })), bits(resized));
});

test('a start may be a file', async (t) => {
  const path = join(folder, 'start.png');
  await sharp({ create: { width: 9, height: 9, channels: 3, background: { r: 200, g: 100, b: 50 } } }).toFile(
    path,
  );
  const { data } = await firstPreview({ init: path });
  t.true(relative(data, plain(24, 16, [200, 100, 50]).data) < 1e-6);
});

test('in a pyramid the start is that of the first scale, and each scale begins where the last one ended', async (t) => {
  const previews: Picture[] = [];
  const init = wave(30, 20, 5);
  const onProgress = async (p: Progress) => previews.push(await p.image());
  const picture = await stylize(options({ content: wave(30, 20), init, scales: 3, minSize: 8, onProgress }));
  const sizes = [[12, 8], [17, 11], [24, 16]] as const; // biome-ignore format: pairs
  for (const [i, [width, height]] of sizes.entries()) {
    const before = i === 0 ? init : previews[3 * i - 1]!;
    t.is(bits(previews[3 * i]!), bits(await resize(before, { width, height }, { threads: 1 })));
  }
  t.is(bits(previews[8]!), bits(picture));
});

test('styles blend by their weights, in any order', async (t) => {
  const [a, b] = [wave(24, 20, 2), plain(20, 24, [200, 90, 20])];
  const only = bits(await stylize(options({ style: a })));
  t.is(bits(await stylize(options({ style: [a, b], styleBlend: [1, 0] }))), only);
  t.is(bits(await stylize(options({ style: [b, a], styleBlend: [0, 3] }))), only);
  t.is(bits(await stylize(options({ style: [a, a] }))), only);
  const mixed = await stylize(options({ style: [a, b], styleBlend: [1, 3] }));
  t.true(relative((await stylize(options({ style: [b, a], styleBlend: [6, 2] }))).data, mixed.data) < 1e-6);
  t.not(bits(mixed), only);
  t.true(relative((await stylize(options({ style: [a, b], styleBlend: [3, 1] }))).data, mixed.data) > 1e-4);
  t.is(
    bits(await stylize(options({ style: [a, b] }))),
    bits(await stylize(options({ style: [a, b], styleBlend: [5, 5] }))),
  );
});

test('styleScale is the size of the styles beside the picture', async (t) => {
  const style = wave(48, 40, 2);
  const sized = async (side: number) =>
    resize(style, { width: side, height: Math.round((side * 40) / 48) }, { threads: 1 });
  const raw = async (side: number) => ({ ...(await sized(side)), channels: 3 as const });
  const picture = async (source: typeof style, styleScale: number) =>
    bits(await stylize(options({ style: source, styleScale })));
  for (const [styleScale, side] of [
    [1, 24],
    [0.5, 12],
    [1.5, 36],
    [2, 48],
  ] as const) {
    t.is(await picture(style, styleScale), await picture(await raw(side), styleScale));
  }
  t.is(new Set(await Promise.all([0.5, 1, 1.5, 2].map((styleScale) => picture(style, styleScale)))).size, 4);
});

test('every style has its own long side at the size', async (t) => {
  const wide = wave(60, 30, 2);
  const tall = wave(30, 60, 3);
  const given = {
    wide: { ...(await resize(wide, { width: 24, height: 12 }, { threads: 1 })), channels: 3 as const },
    tall: { ...(await resize(tall, { width: 12, height: 24 }, { threads: 1 })), channels: 3 as const },
  };
  t.is(
    bits(await stylize(options({ style: [wide, tall] }))),
    bits(await stylize(options({ style: [given.wide, given.tall] }))),
  );
});

test("the picture carries its options, with files by name and without the caller's objects", async (t) => {
  const path = join(folder, 'content.png');
  await sharp({ create: { width: 24, height: 16, channels: 3, background: 'teal' } }).toFile(path);
  const { signal } = new AbortController();
  const picture = await stylize(options({ content: path, seed: 5, signal, onProgress: () => {} }));
  const { options: record } = picture;
  t.like(record, { content: 'content.png', style: ['(in memory)'], init: 'content', size: 24, seed: 5 });
  t.regex(String(record.weights), /^tiny-.*\.safetensors$/);
  t.deepEqual(JSON.parse(JSON.stringify(record)), record);
  for (const key of ['signal', 'onProgress', 'threads', 'maxPixels']) t.false(key in record);
  t.false(JSON.stringify(record).includes(folder));
});
