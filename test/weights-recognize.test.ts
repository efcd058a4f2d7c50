// What a file is told to be, and by what; and what is refused or asked for, rather than guessed.

import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { OptionError, WeightsError } from '../dist/errors.js';
import { readSafetensors } from '../dist/weights/formats/safetensors.js';
import type { Tensor } from '../dist/weights/formats/tensors.js';
import { type ImportOptions, importNetwork } from '../dist/weights/import.js';
import type { Architecture } from '../dist/weights/network.js';
import { caffeLayers, encodeCaffe } from './support/caffe.js';
import { encodeHdf5, encodeKeras, keras3Name } from './support/hdf5.js';
import { encodeNpz } from './support/numpy.js';
import { encodeOnnx } from './support/onnx.js';
import { encodeArchive, stateDict } from './support/pytorch.js';
import { encodeSafetensors, tinyNetwork } from './support/safetensors.js';
import { kerasLayers, kerasName, laidOut, renamed, torchvisionName, type Vgg } from './support/vggs.js';

const folder = await mkdtemp(join(tmpdir(), 'scumble-recognize-'));
test.after.always(() => rm(folder, { recursive: true }));

const vgg19: Vgg = tinyNetwork({ widths: [4, 5, 6, 7, 8] }).tensors;

let files = 0;
async function fileOf(bytes: Uint8Array, name = 'network'): Promise<string> {
  const path = join(folder, `${files++}-${name}`);
  await writeFile(path, bytes);
  return path;
}
const saved = (tensors: Vgg) => fileOf(encodeSafetensors(tensors, {}));

async function refused(
  t: ExecutionContext,
  path: string,
  message: RegExp,
  options: ImportOptions = { input: 'caffe' },
) {
  const error = await t.throwsAsync(importNetwork(path, options), { instanceOf: WeightsError, message });
  t.is(error?.file, path);
}

async function asks(
  t: ExecutionContext,
  path: string,
  option: string,
  message: RegExp,
  options: ImportOptions = {},
) {
  const error = await t.throwsAsync(importNetwork(path, options), { instanceOf: OptionError, message });
  t.is(error?.option, option);
}

test('every architecture, by torchvision places and by counting', async (t) => {
  for (const architecture of ['vgg11', 'vgg13', 'vgg16', 'vgg19'] as Architecture[]) {
    const { tensors } = tinyNetwork({ architecture, widths: [2, 3, 4, 5, 6] });
    let place = 0;
    let block = 1;
    const places = new Map<string, number>();
    for (const name of [...tensors.keys()].filter((name) => name.endsWith('.weight'))) {
      if (Number(name[4]) > block) place++; // a pool
      block = Number(name[4]);
      places.set(name.slice(0, 7), place);
      place += 2;
    }
    const sequence = renamed(tensors, (b, i, role) => `features.${places.get(`conv${b}_${i}`)}.${role}`);
    const counted = renamed(tensors, (_b, _i, role, n) => `net/conv${n + 1}/${role}`);
    const nameless = renamed(tensors, (_b, _i, role, n) => `${String.fromCharCode(97 + n)}_${role}`);
    for (const names of [sequence, counted, nameless]) {
      const { network } = await importNetwork(await saved(names), { input: 'torchvision' });
      t.is(network.name, architecture);
      t.deepEqual(network.convolutions.at(-1)?.weight.shape, [
        6,
        architecture === 'vgg13' || architecture === 'vgg11' ? 6 : 6,
        3,
        3,
      ]);
    }
  }
});

test('layouts are told by shapes, and those that shapes do not tell, by the option', async (t) => {
  const { network } = await importNetwork(await saved(vgg19), { input: 'caffe' });
  for (const layout of ['OIHW', 'HWIO', 'OHWI', 'IOHW', 'HWOI'] as const) {
    const found = await importNetwork(await saved(laidOut(vgg19, layout)), { input: 'caffe' });
    t.is(found.layout, layout);
    t.deepEqual(found.network, network);
  }
  for (const layout of ['OIWH', 'WHIO'] as const) {
    const found = await importNetwork(await saved(laidOut(vgg19, layout)), { input: 'caffe', layout });
    t.deepEqual(found.network, network);
  }
  await asks(t, await saved(vgg19), 'layout', /^layout HWIO does not fit the shapes/, {
    input: 'caffe',
    layout: 'HWIO',
  });
});

test('a layout that shapes leave open is the usual one of the format, or asked for', async (t) => {
  const { tensors } = tinyNetwork({ architecture: 'vgg11', widths: [3, 3, 3, 3, 3] });
  t.is((await importNetwork(await saved(tensors), { input: 'caffe' })).layout, 'OIHW');
  const keras = renamed(laidOut(vgg19, 'OIHW'), kerasName);
  await asks(t, await fileOf(encodeHdf5(keras)), 'layout', /Theano/);
  const told = await importNetwork(await fileOf(encodeHdf5(keras)), { layout: 'OIHW' });
  t.is(told.layout, 'OIHW');
});

test('the input is told by format, names and file, each with its reason', async (t) => {
  const torch = encodeArchive(stateDict(renamed(vgg19, torchvisionName)));
  const hwio = laidOut(vgg19, 'HWIO');
  const zoo = renamed(vgg19, (_b, _i, role, place) => `vgg0_conv${place}_${role}`);
  for (const [path, order, range, reason] of [
    [await fileOf(encodeCaffe(caffeLayers(vgg19), 1)), 'BGR', 255, /Caffe/],
    [await fileOf(encodeHdf5(renamed(hwio, kerasName))), 'BGR', 255, /Keras/],
    [
      await fileOf(encodeKeras(kerasLayers(vgg19), encodeHdf5(renamed(hwio, keras3Name)))),
      'BGR',
      255,
      /Keras/,
    ],
    [await fileOf(encodeOnnx(zoo)), 'RGB', 1, /model zoo/],
  ] as const) {
    const { network, evidence } = await importNetwork(path);
    t.is(network.channelOrder, order);
    t.is(network.range, range);
    t.regex(evidence.input, reason);
  }
  for (const [name, order, range] of [
    ['vgg19-dcbb9e9d.pth', 'RGB', 1],
    ['vgg19-d01eb7cb.pth', 'BGR', 255],
  ] as const) {
    const path = join(folder, name);
    await writeFile(path, torch);
    const { network, evidence } = await importNetwork(path);
    t.deepEqual([network.channelOrder, network.range], [order, range]);
    t.is(evidence.input, `by the file's name, ${name.slice(0, -4)}`);
  }
});

test('an input is also known by the programs that have it', async (t) => {
  const path = await saved(vgg19);
  for (const [name, input] of [
    ['keras', 'caffe'],
    ['tensorflow', 'caffe'],
    ['matconvnet', 'caffe-rgb'],
    ['pytorch', 'torchvision'],
  ] as const) {
    t.deepEqual(await importNetwork(path, { input: name }), await importNetwork(path, { input }));
  }
});

test('what nothing tells is asked for', async (t) => {
  await asks(
    t,
    await fileOf(encodeArchive(stateDict(renamed(vgg19, torchvisionName)))),
    'input',
    /^input is needed/,
  );
  await asks(t, await fileOf(encodeNpz(laidOut(vgg19, 'HWIO'))), 'input', /^input is needed/);
  const { tensors } = tinyNetwork({ blocks: [2, 2, 3] });
  await asks(t, await saved(tensors), 'architecture', /^architecture is needed: vgg16 and vgg19/, {
    input: 'caffe',
  });
  const told = await importNetwork(await saved(tensors), { input: 'caffe', architecture: 'vgg16' });
  t.deepEqual([told.network.name, told.network.blocks], ['vgg16', [2, 2, 3]]);
  await asks(t, await saved(vgg19), 'architecture', /is not vgg16, but vgg19/, {
    input: 'caffe',
    architecture: 'vgg16',
  });
  await asks(t, await saved(vgg19), 'input', /must be one of caffe/, { input: 'oxford' });
});

const shared = fileURLToPath(new URL('../../shared/weights/vgg19.safetensors', import.meta.url));
(existsSync(shared) ? test : test.skip)(
  "Oxford's filters are known, whatever their order or scale",
  async (t) => {
    const { tensors } = await readSafetensors(shared);
    const four = new Map([...tensors].slice(0, 4));
    const rgb = await importNetwork(await saved(four), { architecture: 'vgg19' });
    t.deepEqual([rgb.network.channelOrder, rgb.network.range], ['RGB', 255]);
    const first = four.get('conv1_1.weight')!;
    const values = new Float32Array(first.data.slice().buffer);
    const bgr = values.map((_, i) => {
      const channel = Math.floor(i / 9) % 3;
      return values[i + 9 * (2 - 2 * channel)]! / (1 + Math.floor(i / 27));
    });
    const bias = four.get('conv1_1.bias')!;
    const biases = new Float32Array(bias.data.slice().buffer).map((value, i) => value / (1 + i));
    four.set('conv1_1.weight', { ...first, data: new Uint8Array(bgr.buffer) });
    four.set('conv1_1.bias', { ...bias, data: new Uint8Array(biases.buffer) });
    const turned = await importNetwork(await saved(four), { architecture: 'vgg19' });
    t.is(turned.network.channelOrder, 'BGR');
    t.regex(turned.evidence.input, /Oxford/);
  },
);

test('refuses what is no VGG, and says why', async (t) => {
  const vector: Tensor = { dtype: 'F32', shape: [4], data: new Uint8Array(16) };
  const withOne = (name: string, tensor: Tensor) => saved(new Map([...vgg19, [name, tensor]]));
  const without = (...names: string[]) =>
    saved(new Map([...vgg19].filter(([name]) => !names.includes(name))));
  await refused(
    t,
    await withOne('features.1.running_mean', vector),
    /batch normalisation \('features.1.running_mean'\)/,
  );
  await refused(t, await withOne('bn1_1.weight', vector), /batch normalisation/);
  await refused(t, await without('conv2_1.weight'), /"?'conv2_1' has no kernels/);
  await refused(t, await without('conv2_1.bias'), /'conv2_1' has no biases/);
  await refused(t, await without('conv2_1.bias', 'conv2_1.weight'), /none has 15 convolutions at/);
  await refused(t, await saved(new Map([['conv1_1.bias', vector]])), /biases alone are no network/);
  await refused(
    t,
    await saved(new Map([['fc6', vector]])),
    /none of its 1 tensors in safetensors is a kernel/,
  );
  await refused(t, await saved(new Map()), /none of its 0 tensors/);
  const two = new Map([...vgg19, ...renamed(vgg19, (b, i, role) => `ema.conv${b}_${i}.${role}`)]);
  await refused(t, await saved(two), /several networks, under '' and 'ema.'/);
  const broken = new Map(vgg19).set('conv2_1.weight', vgg19.get('conv2_2.weight')!);
  await refused(t, await saved(broken), /do not follow one another/);
});

test('what is not used is told', async (t) => {
  const classifier: Tensor = { dtype: 'F32', shape: [4, 3], data: new Uint8Array(48) };
  const small: Tensor = { dtype: 'F32', shape: [2], data: new Uint8Array(8) }; // a stride, say: not worth a word
  const all = new Map<string, Tensor>([
    ...renamed(vgg19, torchvisionName),
    ['classifier.0.weight', classifier],
    ['features.0.stride', small],
  ]);
  const { dropped } = await importNetwork(await saved(all), { input: 'torchvision' });
  t.deepEqual(dropped, ['classifier.0.weight']);
});

/** Kernels and biases of layers: their names, outputs, inputs and the side of a kernel. */
function layers(...each: [name: string, outputs: number, inputs: number, side: number][]): Vgg {
  return new Map(
    each.flatMap(([name, outputs, inputs, side]): [string, Tensor][] => {
      const shape = [outputs, inputs, side, side];
      const data = new Uint8Array(4 * outputs * inputs * side ** 2);
      const bias = { dtype: 'F32' as const, shape: [outputs], data: new Uint8Array(4 * outputs) };
      return [
        [`${name}.weight`, { dtype: 'F32', shape, data }],
        [`${name}.bias`, bias],
      ];
    }),
  );
}

test('another network is named', async (t) => {
  const nin = layers(
    ['conv1', 6, 3, 11],
    ['cccp1', 6, 6, 1],
    ['conv2', 8, 6, 5],
    ['conv3', 8, 8, 3],
    ['conv4-1024', 8, 8, 3],
    ['cccp8-1024', 10, 8, 1],
  );
  const other = /is not a VGG but another network: its first convolution, '.*', is \d+ × \d+, not 3 × 3/;
  for (const [network, message] of [
    [nin, /is not a VGG but Network in Network \(NIN\)$/],
    [layers(['features.0', 64, 3, 11], ['features.6', 8, 6, 3]), other],
    [layers(['conv1', 64, 3, 7], ['conv2', 8, 6, 3]), other],
    [layers(['conv1', 4, 3, 7], ['layer1.0.conv1', 4, 4, 3]), /but ResNet$/],
    [layers(['conv1/7x7_s2', 4, 3, 7], ['inception_3a/3x3', 4, 6, 3]), /but GoogLeNet$/],
  ] as const) {
    for (const layout of ['OIHW', 'HWIO']) await refused(t, await saved(laidOut(network, layout)), message);
  }
});

/** A vgg11 that goes on for some convolutions. */
function longer(widths: number[], name = (index: number) => `conv6_${index}`): Vgg {
  const { tensors } = tinyNetwork({ architecture: 'vgg11', widths: [1, 2, 4, 5, 3] });
  const more = widths.map((outputs, i) => [name(i + 1), outputs, widths[i - 1] ?? 3, 3] as const);
  return new Map([...tensors, ...layers(...(more as never[]))]);
}

test('convolutions behind the last of a VGG are dropped, and are evidence of another training', async (t) => {
  const caffe = (vgg: Vgg) => fileOf(encodeCaffe(caffeLayers(vgg), 2));
  const drawings = await importNetwork(await caffe(longer([1024, 1024, 1024, 4])));
  t.like(drawings.network, { name: 'vgg11', channelOrder: 'BGR', range: 255, blocks: [1, 1, 2, 2, 2] });
  t.deepEqual(drawings.network.mean, [164.76139251, 167.47864617, 181.13838569]);
  t.regex(drawings.evidence.input, /Illustration2Vec/);
  t.true(drawings.dropped.some((name) => name.startsWith('conv6_1')));
  await asks(t, await caffe(longer([5])), 'input', /^input is needed/);

  const { tensors } = tinyNetwork({ architecture: 'vgg11', widths: [1, 2, 4, 5, 3] });
  const places = [0, 3, 6, 8, 11, 13, 16, 18];
  const sequence = (next: number) =>
    saved(
      new Map([
        ...renamed(tensors, (_b, _i, role, n) => `${places[n]}.${role}`),
        ...layers([`${next}`, 1024, 3, 3], [`${next + 2}`, 1024, 1024, 3], [`${next + 4}`, 1024, 1024, 3]),
      ]),
    );
  t.deepEqual((await importNetwork(await sequence(21))).network, drawings.network);
  await refused(t, await sequence(20), /none has 11 convolutions at 0, 3, 6, 8, 11, 13, 16, 18 and 3 more$/);

  const counted = renamed(tensors, (_b, _i, role, n) => `conv${n}.${role}`);
  const on = new Map([...counted, ...layers(['conv8', 5, 3, 3])]);
  t.is((await importNetwork(await saved(on), { input: 'caffe' })).network.name, 'vgg11');
});
