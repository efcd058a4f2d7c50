// The same classifier, saved by every library in its own way, is the same classifier, and tells what that library would
// make of a picture.

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { addon, cpuBackend } from '../dist/engine/addon.js';
import { classifierOf } from '../dist/engine/layers.js';
import { OptionError, WeightsError } from '../dist/errors.js';
import { asHalves } from '../dist/weights/formats/numbers.js';
import { importNetwork } from '../dist/weights/import.js';
import { encodeNetwork, hasClassifier, readNetwork } from '../dist/weights/network.js';
import { normalize } from '../dist/weights/normalize.js';
import {
  CLASSES,
  called,
  inputsFirst,
  lastPool,
  logitsOf,
  outputsFirst,
  tinyClassifier,
  torchvisionClassifier,
  WIDTHS,
  WINDOW,
  withClassifierInEveryFormat,
} from './support/classifiers.js';
import { scumble } from './support/cli.js';
import { encodeHdf5 } from './support/hdf5.js';
import { relative, wave } from './support/runs.js';
import { encodeSafetensors, tinyNetwork, tinyNetworkFile } from './support/safetensors.js';
import { kerasName, laidOut, renamed, torchvisionName } from './support/vggs.js';

const folder = await mkdtemp(join(tmpdir(), 'scumble-classifier-'));
const paths = await withClassifierInEveryFormat(folder);
test.after.always(() => rm(folder, { recursive: true }));
const { tensors: vgg } = tinyNetwork({ widths: WIDTHS });
const classifier = tinyClassifier();

const picture = wave(101, 70);
const CAFFE = [103.939, 116.779, 123.68];
const features = lastPool(vgg, picture, (value, channel) => value - CAFFE[channel]!, [2, 1, 0]);
const POSITION_FIRST = /keras|npz|npy|model/;

async function logitsBy(network: Parameters<typeof classifierOf>[0]): Promise<Float64Array> {
  const packed = await addon().Network.load(await cpuBackend(), classifierOf(network));
  try {
    return (await addon().recognize(packed, { image: picture, top: 1, threads: 2 }).recognized).logits;
  } finally {
    packed.dispose();
  }
}

for (const [name, path] of Object.entries(paths)) {
  test(`${name}: the same classifier, and its library's logits`, async (t) => {
    const { network, dropped, evidence } = await importNetwork(path, { input: 'caffe', classifier: true });
    t.deepEqual(
      network.classifier!.map(({ name, inputs, window, outputs }) => [name, inputs, window, outputs]),
      [
        ['fc6', WIDTHS.at(-1), WINDOW, 13],
        ['fc7', 13, 1, 11],
        ['fc8', 11, 1, CLASSES],
      ],
    );
    for (const { name, weight, bias } of network.classifier!) {
      t.deepEqual(weight, await asHalves(classifier.get(`${name}.weight`)!));
      t.deepEqual(bias, classifier.get(`${name}.bias`));
    }
    t.deepEqual(
      dropped.filter((name) => !name.includes('averageImage')),
      [],
    );
    t.truthy(evidence.classifier);
    const order = POSITION_FIRST.test(name) ? 'HWC' : 'CHW';
    const matrices = order === 'HWC' ? inputsFirst(classifier) : outputsFirst(classifier);
    t.true(relative(await logitsBy(network), logitsOf(features, matrices, order)) < 2e-5);
  });
}

test('the two orders are not the same', (t) => {
  const [chw, hwc] = [
    logitsOf(features, outputsFirst(classifier), 'CHW'),
    logitsOf(features, inputsFirst(classifier), 'CHW'),
  ];
  t.true(relative(hwc, chw) > 0.1);
});

test('it is kept only for who asks, at the end of the file, and read only then', async (t) => {
  const without = await importNetwork(paths['archive.pth']!, { input: 'caffe' });
  t.is(without.network.classifier, undefined);
  t.is(without.dropped.length, 5); // the last biases are too few for a word
  const { network } = await importNetwork(paths['archive.pth']!, { input: 'caffe', classifier: true });
  const file = join(folder, 'own.safetensors');
  await writeFile(file, Buffer.concat(encodeNetwork(network)));
  t.true(await hasClassifier(file));
  t.deepEqual(await readNetwork(file, { classifier: true }), network);
  t.deepEqual(await readNetwork(file), without.network);
  const plain = join(folder, 'plain.safetensors');
  await writeFile(plain, Buffer.concat(encodeNetwork(without.network)));
  t.false(await hasClassifier(plain));
  const numbers = WINDOW ** 2 * 8 * 13 + 13 * 11 + 11 * CLASSES;
  const more = (await stat(file)).size - (await stat(plain)).size;
  t.true(more > 2 * numbers && more < 2 * numbers + 1000);
  // What it says of itself is believed, with and without.
  t.deepEqual((await importNetwork(file, { classifier: true })).network, network);
  const own = await importNetwork(file);
  t.deepEqual([own.network, own.dropped.length], [without.network, 6]);
  const image = wave(40, 40);
  t.is((await normalize(network, [{ ...image, channels: 3 }])).classifier, undefined);
});

test('an order that nothing tells is asked for', async (t) => {
  // As when a network of TensorFlow's is converted: kernels are turned, dense layers are not.
  const converted = new Map([
    ...renamed(vgg, torchvisionName),
    ...called(inputsFirst(classifier), torchvisionClassifier),
  ]);
  const path = join(folder, 'converted.safetensors');
  await writeFile(path, encodeSafetensors(converted, {}));
  const options = { input: 'caffe', classifier: true };
  const error = await t.throwsAsync(importNetwork(path, options), { instanceOf: OptionError });
  t.is(error?.option, 'flatten');
  t.regex(error!.message, /^flatten is needed: the kernels of .* lie as OIHW, .* inputs first/);
  const told = await importNetwork(path, { ...options, flatten: 'HWC' });
  t.deepEqual(told.network.classifier![0]!.weight, await asHalves(classifier.get('fc6.weight')!));
  const other = await importNetwork(path, { ...options, flatten: 'CHW' });
  t.notDeepEqual(other.network.classifier, told.network.classifier);
  t.regex(
    (await t.throwsAsync(importNetwork(path, { ...options, flatten: 'WHC' as 'CHW' })))!.message,
    /WHC/,
  );
});

test('what has no classifier, or a part of one, is named', async (t) => {
  const refused = async (path: string, message: RegExp) => {
    const options = { input: 'caffe', classifier: true };
    const error = await t.throwsAsync(importNetwork(path, options), { instanceOf: WeightsError, message });
    t.regex(error!.message, /weights pull vgg19-imagenet/);
  };
  await refused(await tinyNetworkFile(folder), /has no classifier/);
  const path = join(folder, 'part.safetensors');
  const torch = renamed(vgg, torchvisionName);
  await writeFile(path, encodeSafetensors(torch, {}));
  await refused(path, /no classifier of three layers behind 8 channels: it has no dense layers/);
  const two = [...called(outputsFirst(classifier), torchvisionClassifier)].slice(0, 4);
  await writeFile(path, encodeSafetensors(new Map([...torch, ...two]), {}));
  await refused(path, /it has 'classifier\.0\.weight' \[13, 32\], 'classifier\.3\.weight' \[11, 13\]/);
});

test('a broken classifier in a file of Scumble is refused', async (t) => {
  const { tensors, metadata } = tinyNetwork({ widths: WIDTHS });
  const path = join(folder, 'broken.safetensors');
  const bad = async (
    changes: [string, { shape: number[]; count: number } | undefined][],
    message: RegExp,
  ) => {
    const all = new Map([...tensors, ...classifier]);
    for (const [name, made] of changes) {
      if (!made) all.delete(name);
      else all.set(name, { dtype: 'F32', shape: made.shape, data: new Uint8Array(4 * made.count) });
    }
    await writeFile(path, encodeSafetensors(all, metadata));
    await t.throwsAsync(readNetwork(path, { classifier: true }), { instanceOf: WeightsError, message });
    await readNetwork(path); // nobody who does not ask is bothered
  };
  await bad([['fc7.bias', undefined]], /fc7\.bias is missing/);
  await bad([['fc7.weight', { shape: [11, 12, 1, 1], count: 132 }]], /takes 12 channels.*gives 13/);
  await bad([['fc7.weight', { shape: [11, 13, 1, 2], count: 286 }]], /has shape \[11, 13, 1, 2\]/);
  await bad([['fc8.bias', { shape: [6], count: 6 }]], /fc8\.bias has shape \[6\]/);
  const { tensors: part, metadata: of } = tinyNetwork({ widths: WIDTHS, blocks: [2, 2] });
  const fits = new Map(classifier).set('fc6.weight', {
    dtype: 'F32',
    shape: [13, 5, 1, 1],
    data: new Uint8Array(260),
  });
  await writeFile(path, encodeSafetensors(new Map([...part, ...fits]), of));
  await t.throwsAsync(readNetwork(path, { classifier: true }), { message: /not the convolutions before it/ });
});

test('halves are the nearest, and what is too large for them stays', async (t) => {
  const tensor = (...values: number[]) => ({
    dtype: 'F32' as const,
    shape: [values.length],
    data: new Uint8Array(Float32Array.from(values).buffer),
  });
  const halves = await asHalves(tensor(1, -2, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -24, 2 ** -25, 65504, -0));
  t.deepEqual(
    [...new Uint16Array(halves.data.slice().buffer)],
    [0x3c00, 0xc000, 0x3c00, 0x3c02, 1, 0, 0x7bff, 0x8000],
  );
  t.is((await asHalves(tensor(1, 65505))).dtype, 'F32');
  t.is((await asHalves(tensor(Number.NaN))).dtype, 'F32');
});

test('scumble weights import shows what it keeps', async (t) => {
  const file = join(folder, 'kept.safetensors');
  const args = ['weights', 'import', paths['keras.h5']!, '--classifier', '-o', file];
  const { code, stdout, stderr } = await scumble(folder, args);
  t.is(code, 0, stderr);
  t.is(stdout, `${file}\n`);
  t.regex(
    stderr,
    /^classifier {4}fc6 to fc8, 7 classes \(by kernels as HWIO and weights with inputs first\)$/m,
  );
  t.true(await hasClassifier(file));
  const image = join(folder, 'image.png');
  const both = await scumble(folder, [...args, '--normalize', image]);
  t.is(both.code, 2);
  t.regex(both.stderr, /^scumble: --normalize changes what a classifier sees: leave one of/);
});

test('Theano’s order of a Keras file is asked for as its kernels are', async (t) => {
  const theano = new Map([
    ...renamed(laidOut(vgg, 'OIHW'), kerasName),
    ...called(
      inputsFirst(classifier),
      (place, role) => `fc${place + 1}/${role === 'weight' ? 'kernel' : 'bias'}:0`,
    ),
  ]);
  const path = join(folder, 'theano.h5');
  await writeFile(path, encodeHdf5(theano));
  const options = { layout: 'OIHW', classifier: true } as const;
  const error = await t.throwsAsync(importNetwork(path, options), { instanceOf: OptionError });
  t.is(error?.option, 'flatten');
});
