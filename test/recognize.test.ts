// recognize(): what a network with a classifier makes of a picture, from probabilities to boxes in its pixels.

import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import {
  DownloadError,
  ImageError,
  OptionError,
  type RecognizeOptions,
  recognize,
  WeightsError,
} from 'scumble';
import sharp from 'sharp';
import { addon, cpuBackend } from '../dist/engine/addon.js';
import { classifierOf, descriptionOf } from '../dist/engine/layers.js';
import { readOptions } from '../dist/image/write.js';
import { classNames } from '../dist/recognize/names.js';
import { softmax } from '../dist/recognize/recognize.js';
import { boxOf, inPicture, scaled, spread } from '../dist/recognize/where.js';
import type { Dense } from '../dist/weights/classifier.js';
import { readNetwork } from '../dist/weights/network.js';
import { CLASSES, lastPool, logitsOf, outputsFirst, tinyClassifier, WIDTHS } from './support/classifiers.js';
import { scumble } from './support/cli.js';
import { folder, relative, wave } from './support/runs.js';
import { encodeSafetensors, tinyNetwork, tinyNetworkFile } from './support/safetensors.js';

process.env.SCUMBLE_CACHE = join(folder, 'empty-cache');
const { tensors, metadata } = tinyNetwork({ widths: WIDTHS });
const classifier = tinyClassifier();
const weights = join(folder, 'recognizes.safetensors');
await writeFile(weights, encodeSafetensors(new Map([...tensors, ...classifier]), metadata));
const plain = await tinyNetworkFile(folder);

const cpu = await cpuBackend();

/** Its short side is 70, of which the classifier takes 64. */
const picture = wave(110, 70);
const given: RecognizeOptions = { picture, weights, size: 70, device: 'cpu' };
const MEAN = [123.68, 116.779, 103.939];

function expected(image: { data: Float32Array; width: number; height: number }): Float64Array {
  const features = lastPool(tensors, image, (value, channel) => value - MEAN[channel]!, [0, 1, 2]);
  return softmax(logitsOf(features, outputsFirst(classifier), 'CHW'));
}

test('the likeliest classes, with their probabilities', async (t) => {
  const { network, width, height, view, classes } = await recognize(given);
  t.deepEqual([network, width, height], [weights, 110, 70]);
  t.deepEqual(view, { left: 0, top: 0, width: 110, height: 70 });
  const probabilities = expected(picture);
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b]! - probabilities[a]!);
  t.deepEqual(
    classes.map(({ index, name }) => [index, name]),
    order.slice(0, 5).map((index) => [index, `class ${index}`]),
  );
  const found = Float64Array.from(classes, ({ probability }) => probability);
  t.true(
    relative(
      found,
      Float64Array.from(order.slice(0, 5), (index) => probabilities[index]!),
    ) < 2e-5,
  );
  for (const { box, heat } of classes) {
    t.deepEqual([heat.width, heat.height, heat.data.length], [6, 4, 24]);
    t.true(heat.data.every((value) => value >= 0 && value <= 1));
    t.is(Math.max(...heat.data), box ? 1 : 0);
    if (!box) continue;
    t.true(box.left >= 0 && box.top >= 0 && box.left + box.width <= 110 && box.top + box.height <= 70);
  }
  t.is((await recognize({ ...given, top: 1000 })).classes.length, CLASSES);
  t.deepEqual((await recognize({ ...given, threads: 1 })).classes, classes);
});

test('the middle alone', async (t) => {
  const { view, classes } = await recognize({ ...given, crop: true, top: CLASSES });
  t.deepEqual(view, { left: 23, top: 3, width: 64, height: 64 });
  const middle = new Float32Array(64 * 64 * 3);
  for (let y = 0; y < 64; y++) {
    const start = ((y + 3) * 110 + 23) * 3;
    middle.set(picture.data.subarray(start, start + 192), y * 192);
  }
  const probabilities = expected({ data: middle, width: 64, height: 64 });
  for (const { index, probability, box } of classes) {
    t.true(Math.abs(probability - probabilities[index]!) < 2e-5);
    if (box)
      t.true(box.left >= 23 && box.top >= 3 && box.left + box.width <= 87 && box.top + box.height <= 67);
  }
});

test('boxes are in the pixels of the picture, whatever size it is looked at', async (t) => {
  const large = await sharp(Uint8Array.from(picture.data), { raw: { width: 110, height: 70, channels: 3 } })
    .resize(440, 280, { kernel: 'cubic' })
    .png()
    .toBuffer();
  const small = await recognize(given);
  const { classes, view } = await recognize({ ...given, picture: large });
  t.deepEqual(view, { left: 0, top: 0, width: 440, height: 280 });
  const same = classes.find(({ index }) => index === small.classes[0]!.index)!;
  const [near, far] = [small.classes[0]!.box!, same.box!];
  for (const side of ['left', 'top', 'width', 'height'] as const) {
    t.true(Math.abs(far[side] - 4 * near[side]) <= 24, `${side}: ${far[side]}, ${near[side]}`);
  }
});

test('a heat map is the picture, with where the network looks on it', async (t) => {
  const grey = {
    data: new Uint8Array(300 * 200 * 3).fill(128),
    width: 300,
    height: 200,
    channels: 3 as const,
  };
  const found = await recognize({ ...given, picture: grey, size: 96 });
  const map = await found.heatMap(found.classes[0]!);
  t.deepEqual([map.width, map.height], [300, 200]);
  const { heatMap } = map.options as { heatMap: Record<string, unknown> };
  t.is(heatMap.index, found.classes[0]!.index);
  t.true(map.data.every((value) => value >= 0 && value <= 255));
  const wide = await recognize({ ...given, picture: { ...wave(2100, 80) }, size: 70 });
  t.deepEqual([(await wide.heatMap()).width, (await wide.heatMap()).height], [1024, 39]);
  // Where nothing is hot it is darker, and nothing else.
  const cold = { ...found.classes[0]!, box: null, heat: { data: new Float32Array(4), width: 2, height: 2 } };
  t.true((await found.heatMap(cold)).data.every((value) => Math.abs(value - 128 * 0.45) < 1e-3));
});

test('heat is spread between the middles of its cells', (t) => {
  const heat = { data: Float32Array.of(0, 1, 1, 0), width: 2, height: 2 };
  const pixels = spread(heat, { width: 8, height: 8 }, { width: 4, height: 4 });
  t.is(pixels[0], 0);
  t.is(pixels[7], 1);
  t.is(pixels[3], 3 / 8);
  t.is(pixels[3 * 8 + 3], (3 / 8) * (5 / 8) + (5 / 8) * (3 / 8));
  t.deepEqual(scaled({ data: Float32Array.of(0, 2), width: 2, height: 1 }).data, Float32Array.of(0, 1));
  t.deepEqual(scaled({ data: Float32Array.of(0, 0), width: 2, height: 1 }).data, Float32Array.of(0, 0));
});

test('a box is around the largest region', (t) => {
  const size = { width: 6, height: 4 };
  const drawing = ['.1....', '.#..##', '...#.#', '#....9'];
  const pixels = Float32Array.from(
    drawing.join(''),
    (letter) => ({ '#': 1, '9': 0.2, '1': 0.1 })[letter] ?? 0,
  );
  t.deepEqual(boxOf(pixels, size), { left: 4, top: 1, width: 2, height: 3 });
  t.is(boxOf(new Float32Array(24), size), null);
  t.deepEqual(boxOf(new Float32Array(24).fill(0.5), size), { left: 0, top: 0, ...size });
  const view = { left: 100, top: 50, width: 60, height: 80 };
  t.deepEqual(inPicture({ left: 4, top: 1, width: 2, height: 3 }, size, view), {
    left: 140,
    top: 70,
    width: 20,
    height: 60,
  });
});

test('classes have the names of ImageNet where there are a thousand', async (t) => {
  const names = classNames(1000);
  t.is(names(0), 'tench, Tinca tinca');
  t.is(names(437), 'beacon, lighthouse, beacon light, pharos');
  t.is(names(999), 'toilet tissue, toilet paper, bathroom tissue');
  t.is(classNames(10)(3), 'class 3');
  const licence = await readFile(new URL('../weights/imagenet-classes.LICENSE.txt', import.meta.url), 'utf8');
  t.regex(licence, /Copyright 2019 Google LLC/);
  t.regex(licence, /WordNet 3\.0 Copyright 2006 by Princeton University/);
  t.regex(licence, /END OF TERMS AND CONDITIONS/);
});

test('what cannot be is said, with what would do', async (t) => {
  const refused = async (
    changes: object,
    kind: abstract new (...args: never[]) => Error,
    message: RegExp,
  ) => {
    const error = await t.throwsAsync(recognize({ ...given, ...changes }), { message });
    t.true(error instanceof kind, String(error));
    return error as OptionError & WeightsError;
  };
  const pulls = /"scumble weights pull vgg19-imagenet"/;
  await refused({ weights: undefined }, DownloadError, pulls);
  t.is((await refused({ weights: 'vgg19-slim' }, OptionError, pulls)).option, 'weights');
  await refused({ weights: 'vgg19', download: true }, OptionError, /^weights cannot be vgg19: it has no/);
  t.is((await refused({ weights: plain }, WeightsError, pulls)).file, plain);
  await refused({ weights: 'vgg19-torchvision' }, DownloadError, /not on this machine/);
  t.is((await refused({ size: 63 }, OptionError, /^size must be at least 64, which this/)).option, 'size');
  for (const [option, value] of [
    ['top', 0],
    ['top', 2.5],
    ['size', 5000],
    ['crop', 1],
    ['device', 'tpu'],
    ['tops', 3],
  ] as const) {
    t.is((await refused({ [option]: value }, OptionError, new RegExp(option))).option, option);
  }
  await refused({ picture: join(folder, 'none.png') }, ImageError, /^picture/);
  await refused({ picture: undefined }, OptionError, /^picture/);
});

test('the engine refuses what does not fit', async (t) => {
  const network = await readNetwork(weights, { classifier: true });
  const load = (changes: Partial<Dense>) => {
    const [first, ...rest] = network.classifier!;
    return addon().Network.load(
      cpu,
      classifierOf({ ...network, classifier: [{ ...first!, ...changes }, ...rest] }),
    );
  };
  const invalid = { code: 'INVALID_ARGUMENT' };
  await t.throwsAsync(load({ window: 3 }), { ...invalid, message: /fc6 has weights of the wrong size/ });
  await t.throwsAsync(load({ inputs: 9 }), { ...invalid, message: /fc6 takes 9 channels, but 8 come in/ });
  const packed = await load({});
  const small = { image: wave(63, 64), top: 1, threads: 1 };
  await t.throwsAsync(addon().recognize(packed, small).recognized, {
    ...invalid,
    message: /too small for fc8/,
  });
  t.throws(() => addon().recognize(packed, { ...small, top: 0 }), { message: /^top must be an integer/ });
  const without = await addon().Network.load(cpu, descriptionOf(network, network.convolutions.length));
  await t.throwsAsync(addon().recognize(without, small).recognized, { ...invalid, message: /no classifier/ });
  packed.dispose();
  without.dispose();
});

test('a signal ends it', async (t) => {
  const reason = new Error('enough');
  const stop = new AbortController();
  stop.abort(reason);
  t.is(await t.throwsAsync(recognize({ ...given, signal: stop.signal })), reason);
});

test('scumble recognize', async (t) => {
  const file = join(folder, 'photo.png');
  await sharp(Uint8Array.from(picture.data), { raw: { width: 110, height: 70, channels: 3 } })
    .png()
    .toFile(file);
  const map = join(folder, 'map.png');
  const base = ['recognize', file, '--weights', weights, '--size', '70', '--device', 'cpu'];
  const told = await scumble(folder, [...base, '--top', '3', '--heat-map', map]);
  t.is(told.stderr, '');
  t.is(told.code, 0);
  const lines = told.stdout.trimEnd().split('\n');
  t.is(lines.length, 3);
  for (const line of lines) t.regex(line, /^ *\d+\.\d % {2}(\d+×\d+ at \d+,\d+|nowhere) +class \d$/);
  t.is((await sharp(map).metadata()).width, 110);
  t.truthy((await readOptions(map))?.heatMap);
  const json = await scumble(folder, [...base, '--json']);
  const parsed = JSON.parse(json.stdout);
  t.deepEqual([parsed.picture, parsed.network, parsed.classes.length], [file, weights, 5]);
  t.deepEqual(Object.keys(parsed.classes[0]), ['index', 'name', 'probability', 'box']);
  const wrong = await scumble(folder, ['recognize', file, '--weights', 'vgg19-slim']);
  t.is(wrong.code, 2);
  t.regex(wrong.stderr, /^scumble: --weights cannot be vgg19-slim: it has no classifier/);
  const unwritable = await scumble(folder, [...base, '--heat-map', join(folder, 'none', 'map.png')]);
  t.is(unwritable.code, 1);
  t.is(unwritable.stdout, '');
});

const SHARED = fileURLToPath(new URL('../../shared', import.meta.url));
const REAL = ['vgg19-imagenet', 'vgg16-imagenet'].map((name) => `${SHARED}/weights/${name}.safetensors`);
test('a tower at night, by a real network', async (t) => {
  const real = REAL.find((file) => existsSync(file));
  const photo = `${SHARED}/images/inputs/hoovertowernight.jpg`;
  if (!real || !existsSync(photo)) {
    t.log(`skipped: there is no ${REAL.join(' or ')}, or no ${photo}`);
    return t.pass();
  }
  const { classes } = await recognize({ picture: photo, weights: real });
  const building = /church|castle|palace|bell cote|dome|monastery|mosque|stupa|beacon|fountain|obelisk|clock/;
  t.true(
    classes.some(({ name }) => building.test(name)),
    classes.map(({ name }) => name).join('; '),
  );
});
