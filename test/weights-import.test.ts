// The same network, saved by every library in its own way, is the same network.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { WeightsError } from '../dist/errors.js';
import { importNetwork } from '../dist/weights/import.js';
import { encodeNetwork, readNetwork } from '../dist/weights/network.js';
import { scumble } from './support/cli.js';
import { encodeSafetensors, tinyNetwork, tinyNetworkFile } from './support/safetensors.js';
import { inEveryFormat } from './support/vggs.js';

const folder = await mkdtemp(join(tmpdir(), 'scumble-import-'));
const { tensors } = tinyNetwork({ widths: [4, 5, 6, 7, 8] });
const paths = await inEveryFormat(folder, tensors);
const expected = await readNetwork(
  await tinyNetworkFile(folder, {
    widths: [4, 5, 6, 7, 8],
    metadata: { input: 'BGR, 0..255, minus mean', mean: '103.939,116.779,123.68' },
  }),
);

test.after.always(() => rm(folder, { recursive: true }));

for (const [name, path] of Object.entries(paths)) {
  test(`${name}: bit by bit the same network`, async (t) => {
    const { network } = await importNetwork(path, { input: 'caffe' });
    t.deepEqual(network, expected);
    t.deepEqual(encodeNetwork(network), encodeNetwork(expected));
  });
}

for (const [name, format, layout] of [
  ['archive.pth', 'PyTorch', 'OIHW'],
  ['v1.caffemodel', 'Caffe', 'OIHW'],
  ['keras.h5', 'Keras (HDF5)', 'HWIO'],
  ['5-compressed.mat', 'MATLAB 5', 'OIWH'],
  ['7.3.mat', 'MATLAB 7.3', 'OIWH'],
  ['arrays.npz', 'NumPy', 'HWIO'],
  ['nameless.onnx', 'ONNX', 'OIHW'],
  ['model.json', 'TensorFlow.js', 'HWIO'],
] as const) {
  test(`${name} is known by its bytes`, async (t) => {
    const copy = join(folder, `copy-of-${name}.bin`);
    if (name !== 'model.json') await writeFile(copy, await readFile(paths[name]!));
    const path = name === 'model.json' ? paths[name]! : copy;
    const imported = await importNetwork(path, { input: 'caffe' });
    t.is(imported.format, format);
    t.is(imported.layout, layout);
  });
}

test('a file of Scumble imports as what it says it is', async (t) => {
  const path = await tinyNetworkFile(folder, { metadata: { padding: 'replicate', std: '2,3,4' } });
  const { network, format } = await importNetwork(path);
  t.deepEqual(network, await readNetwork(path));
  t.is(format, 'safetensors');
});

test('kernels of doubles become float32, halves stay', async (t) => {
  const doubles = new Map(
    Array.from(tensors, ([name, { shape, data }]) => {
      const values = Float64Array.from(new Float32Array(data.slice().buffer));
      return [name, { dtype: 'F64' as const, shape, data: new Uint8Array(values.buffer) }];
    }),
  );
  const path = join(folder, 'doubles.safetensors');
  await writeFile(path, encodeSafetensors(doubles, {}));
  t.deepEqual((await importNetwork(path, { input: 'caffe' })).network, expected);
  for (const dtype of ['F16', 'BF16'] as const) {
    const halves = tinyNetwork({ dtype }).tensors;
    await writeFile(path, encodeSafetensors(halves, {}));
    const { network } = await importNetwork(path, { input: 'caffe' });
    t.deepEqual(network.convolutions[3]!.weight, halves.get('conv2_2.weight'));
  }
});

test('refuses what is in no format that it knows', async (t) => {
  for (const text of ['GIF89a', '\x00\x00', 'PK', '\x89HDF', 'MATLAB 4']) {
    const path = join(folder, 'unknown');
    await writeFile(path, text);
    const error = await t.throwsAsync(importNetwork(path), { instanceOf: WeightsError });
    t.is(error?.offset, 0);
    t.regex(error?.message ?? '', /^\S+unknown: is in none of the formats safetensors, PyTorch, NumPy/);
  }
});

test('the command shows what it recognised, and writes the network', async (t) => {
  const output = join(folder, 'out.safetensors');
  const shown = await scumble(folder, ['weights', 'import', paths['v1.caffemodel']!, '--dry-run']);
  t.is(shown.code, 0);
  t.is(
    shown.stdout,
    'format        Caffe\n' +
      'architecture  vgg19, conv1_1 to conv5_4, 4/5/6/7/8 channels (by names such as conv1_1.0)\n' +
      'layout        OIHW (by shapes, in Caffe)\n' +
      'input         BGR, 0..255, minus 103.939 116.779 123.68 (as VGGs of Caffe are)\n' +
      'dropped       1 tensor that style transfer has no use for: fc6.0\n',
  );
  const done = await scumble(folder, ['weights', 'import', paths['v1.caffemodel']!, '-o', output]);
  t.deepEqual([done.code, done.stdout, done.stderr], [0, `${output}\n`, shown.stdout]);
  t.deepEqual(await readNetwork(output), expected);
});

test('the command keeps a network by a name, which is then one for --weights', async (t) => {
  const env = { SCUMBLE_CACHE: join(folder, 'cache') };
  const kept = await scumble(folder, ['weights', 'import', paths['keras.h5']!, '--name', 'mine'], env);
  t.is(kept.stdout, `${join(folder, 'cache', 'weights', 'mine.safetensors')}\n`);
  t.deepEqual(await readNetwork(kept.stdout.trim()), expected);
});

test('the command says what it needs to know', async (t) => {
  const unknown = await scumble(folder, ['weights', 'import', paths['arrays.npz']!, '--dry-run']);
  t.is(unknown.code, 2);
  t.regex(unknown.stderr, /--input is needed.*caffe.*caffe-rgb.*torchvision/);
  for (const [name, message] of [
    ['vgg19', /--name cannot be vgg19: the catalogue has/],
    ['../up', /--name must be of small letters, digits and hyphens/],
  ] as const) {
    const named = await scumble(folder, ['weights', 'import', paths['keras.h5']!, '--name', name]);
    t.is(named.code, 2);
    t.regex(named.stderr, message);
  }
  const nowhere = await scumble(folder, ['weights', 'import', paths['keras.h5']!]);
  t.is(nowhere.code, 2);
  t.regex(nowhere.stderr, /--output or name is needed/);
});
