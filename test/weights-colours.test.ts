// VGGs that begin with a convolution of 1 × 1, as the most passed-round normalised VGG-19 does, and pad by reflection.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { OptionError } from '../dist/errors.js';
import type { EngineTensor, Tensor } from '../dist/weights/formats/tensors.js';
import { type Imported, type ImportOptions, importNetwork } from '../dist/weights/import.js';
import type { NetworkDescription } from '../dist/weights/network.js';
import { encodeHdf5 } from './support/hdf5.js';
import { encodeOnnx } from './support/onnx.js';
import { encodeArchive, stateDict } from './support/pytorch.js';
import { encodeSafetensors, tinyNetwork } from './support/safetensors.js';
import { laidOut, renamed, torchvisionName, type Vgg } from './support/vggs.js';

const folder = await mkdtemp(join(tmpdir(), 'scumble-colours-'));
test.after.always(() => rm(folder, { recursive: true }));

const vgg19: Vgg = tinyNetwork({ widths: [4, 5, 6, 7, 8] }).tensors;

type Rows = number[][];
const OXFORD = {
  matrix: [
    [0, 0, 255],
    [0, 255, 0],
    [255, 0, 0],
  ],
  shift: [-103.939, -116.779, -123.68],
};

const tensorOf = (shape: number[], values: number[]): EngineTensor => ({
  dtype: 'F32',
  shape,
  data: new Uint8Array(Float32Array.from(values).buffer),
});

/** A VGG as a sequence in which a layer pads before each convolution, behind one of 1 × 1. */
function padded(colours: { matrix: Rows; shift: number[] } | undefined, vgg = vgg19): Vgg {
  let place = colours ? 2 : 1;
  const places = new Map<string, number>();
  let block = '1';
  for (const name of [...vgg.keys()].filter((name) => name.endsWith('.weight'))) {
    if (name[4] !== block) place++;
    block = name[4]!;
    places.set(name.slice(0, 7), place);
    place += 3;
  }
  const rest = renamed(vgg, (b, i, role) => `${places.get(`conv${b}_${i}`)}.${role}`);
  if (!colours) return rest;
  const weight = tensorOf([3, 3, 1, 1], colours.matrix.flat());
  return new Map([['0.weight', weight], ['0.bias', tensorOf([3], colours.shift)], ...rest]);
}

let files = 0;
async function imported(bytes: Uint8Array, options: ImportOptions = {}): Promise<Imported> {
  const path = join(folder, `${files++}`);
  await writeFile(path, bytes);
  return importNetwork(path, options);
}
const saved = (vgg: Vgg, options?: ImportOptions) => imported(encodeArchive(stateDict(vgg)), options);

const floats = ({ data }: Tensor) => new Float32Array(data.slice().buffer);

/** A picture of 3 × 3 pixels, 0..255, RGB. */
const PICTURE = Array.from({ length: 9 }, (_, i) => [
  (i * 53) % 256,
  (i * 101 + 7) % 256,
  (i * 29 + 90) % 256,
]);

/** conv1_1 of what `feed` makes of a pixel, with zeros around it: at all pixels, those at the border included. */
function convolve(weight: Float32Array, bias: Float32Array, feed: (pixel: number[]) => number[]): number[] {
  const fed = PICTURE.map(feed);
  return Array.from(bias, (start, output) =>
    fed.map((_, at) => {
      let sum = start;
      for (let tap = 0; tap < 9; tap++) {
        const [x, y] = [(at % 3) + (tap % 3) - 1, Math.floor(at / 3) + Math.floor(tap / 3) - 1];
        if (x < 0 || x > 2 || y < 0 || y > 2) continue;
        for (let c = 0; c < 3; c++) sum += weight[output * 27 + c * 9 + tap]! * fed[3 * y + x]![c]!;
      }
      return sum;
    }),
  ).flat();
}

/** What a network of Scumble's makes of the picture. */
function asDescribed({ channelOrder, range, mean, std, convolutions }: NetworkDescription): number[] {
  const [{ weight, bias }] = convolutions as [NetworkDescription['convolutions'][0]];
  return convolve(floats(weight), floats(bias), (pixel) =>
    (channelOrder === 'BGR' ? pixel.toReversed() : pixel).map(
      (value, c) => ((value * range) / 255 - mean[c]!) / std[c]!,
    ),
  );
}

const through = (matrix: Rows, shift: number[]) => (pixel: number[]) =>
  matrix.map((row, i) => row.reduce((sum, value, j) => sum + value * pixel[j]!, shift[i]!));

function alike(found: number[], expected: number[]): boolean {
  const size = Math.max(...expected.map(Math.abs));
  return found.every((value, i) => Math.abs(value - expected[i]!) < 1e-5 * size);
}

const conv1 = [floats(vgg19.get('conv1_1.weight')!), floats(vgg19.get('conv1_1.bias')!)] as const;

test('order, mean and scale become those of the input, and nothing else changes', async (t) => {
  const { network, evidence, notes, dropped } = await saved(padded(OXFORD));
  t.like(network, { name: 'vgg19', channelOrder: 'BGR', range: 255, padding: 'zero', std: [1, 1, 1] });
  t.deepEqual(network.mean, [103.939, 116.779, 123.68]);
  t.deepEqual(network.blocks, [2, 2, 4, 4, 4]);
  t.deepEqual(network.convolutions[0]!.weight, vgg19.get('conv1_1.weight'));
  t.is(evidence.input, 'by its convolution of 1 × 1, which subtracts a mean colour');
  t.deepEqual(dropped, []);
  t.regex(
    notes.join('\n'),
    /1 × 1 .* is now part of what the network is fed: order, mean and scale, exactly/,
  );
  t.regex(
    notes.join('\n'),
    /seem to pad by reflection \(.*\), which Scumble does not: here they pad with zeros/,
  );
  t.true(
    alike(
      asDescribed(network),
      convolve(...conv1, (pixel) => through(OXFORD.matrix, OXFORD.shift)(pixel.map((value) => value / 255))),
    ),
  );
});

test('pixels of 0..255, and channels that keep their order', async (t) => {
  const matrix = [
    [1 / 58, 0, 0],
    [0, 1 / 57, 0],
    [0, 0, 1 / 56],
  ];
  const shift = [-123.7 / 58, -116.3 / 57, -103.5 / 56];
  const { network } = await saved(padded({ matrix, shift }));
  t.like(network, { channelOrder: 'RGB', range: 255, mean: [123.7, 116.3, 103.5], std: [58, 57, 56] });
});

const GENERAL = {
  matrix: [
    [0.5, -0.2, 0.1],
    [0.3, 0.9, -0.4],
    [-0.6, 0.2, 0.7],
  ],
  shift: [0.1, -0.3, 0.2],
};
const TORCHVISION = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const torchvision = (pixel: number[]) =>
  pixel.map((value, c) => (value / 255 - TORCHVISION.mean[c]!) / TORCHVISION.std[c]!);

test('any other matrix becomes part of conv1_1 and of the mean: the same numbers, at the border too', async (t) => {
  const { network, notes } = await saved(padded(GENERAL), { input: 'torchvision' });
  const expected = convolve(...conv1, (pixel) => through(GENERAL.matrix, GENERAL.shift)(torchvision(pixel)));
  t.true(alike(asDescribed(network), expected));
  t.regex(notes[0]!, /mixes the channels: .* exactly, borders included/);
});

test('a matrix that loses colours is exact but for the border, and that is said', async (t) => {
  const grey = {
    matrix: [
      [0.3, 0.6, 0.1],
      [0.3, 0.6, 0.1],
      [0.3, 0.6, 0.1],
    ],
    shift: [0.1, 0.2, 0.3],
  };
  const { network, notes } = await saved(padded(grey), { input: 'torchvision' });
  const expected = convolve(...conv1, (pixel) => through(grey.matrix, grey.shift)(torchvision(pixel)));
  const middle = (values: number[]) => values.filter((_, i) => i % 9 === 4);
  t.true(alike(middle(asDescribed(network)), middle(expected)));
  t.regex(notes[0]!, /exactly but for the border/);
});

test('what nothing says is asked for, and what the file says is not overruled', async (t) => {
  const asked = { instanceOf: OptionError, message: /^input is needed: .*convolution of 1 × 1/ };
  await t.throwsAsync(saved(padded(GENERAL)), asked);
  const told = { instanceOf: OptionError, message: /^input cannot be torchvision: .* pixels 0\.\.1/ };
  await t.throwsAsync(saved(padded(OXFORD), { input: 'torchvision' }), told);
  t.deepEqual((await saved(padded(OXFORD), { input: 'caffe' })).network.mean, [103.939, 116.779, 123.68]);
});

test("Oxford's filters behind it say what they are fed", async (t) => {
  const { tensors } = tinyNetwork({ widths: [8, 5, 6, 7, 8] });
  const kernel = floats(tensors.get('conv1_1.weight')!);
  const bias = floats(tensors.get('conv1_1.bias')!);
  for (const [index, values] of Object.entries({
    1: [1.001, 0.3112, -0.8188, 0.0649],
    2: [0.1552, 0.8326, -0.4304, 0.0343],
    5: [1.9187, -1.6364, -0.4918, 0.5487],
    7: [-0.58, -0.1464, 0.433, 0.3479],
  })) {
    const at = 27 * Number(index);
    kernel.fill(0, at, at + 27);
    for (let c = 0; c < 3; c++) kernel[at + 9 * c + 4] = values[c]!;
    bias[Number(index)] = values[3]!;
  }
  tensors.set('conv1_1.weight', tensorOf([8, 3, 3, 3], [...kernel]));
  tensors.set('conv1_1.bias', tensorOf([8], [...bias]));
  const turned = padded(
    {
      matrix: [
        [0, 0, 1],
        [0, 1, 0],
        [1, 0, 0],
      ],
      shift: [0, 0, 0],
    },
    tensors,
  );
  const { network, evidence, notes } = await saved(turned);
  t.like(network, { channelOrder: 'BGR', range: 255, mean: [103.939, 116.779, 123.68] });
  t.is(evidence.input, "by the filters of conv1_1, which are Oxford's");
  t.regex(notes[0]!, /1 × 1 that it begins with was left out/);
  const told = {
    instanceOf: OptionError,
    message: /^input cannot be torchvision: conv1_1 of .* is Oxford's/,
  };
  await t.throwsAsync(saved(turned, { input: 'torchvision' }), told);
});

test('by other names and in other layouts, with biases or without', async (t) => {
  const [weight, bias] = [...padded(OXFORD).values()] as [Tensor, Tensor];
  const front: Vgg = new Map([
    ['conv0.weight', weight],
    ['conv0.bias', bias],
  ]);
  const named = await imported(encodeSafetensors(new Map([...front, ...vgg19]), {}));
  t.deepEqual(named.network.mean, [103.939, 116.779, 123.68]);
  const prefixed = renamed(vgg19, torchvisionName);
  const counted = renamed(vgg19, (_b, _i, role, place) => `conv${place + 2}.${role}`);
  const all = new Map([['conv1.weight', weight], ['conv1.bias', bias], ...counted]);
  t.is((await imported(encodeSafetensors(all, {}))).network.name, 'vgg19');

  const keras = new Map(
    Array.from(laidOut(new Map([...front, ...vgg19]), 'HWIO'), ([name, tensor]) => [
      name.replace('.', '/'),
      tensor,
    ]),
  );
  t.like((await imported(encodeHdf5(keras))).network, {
    channelOrder: 'BGR',
    mean: [103.939, 116.779, 123.68],
  });

  const apart = new Map([['colours.0.weight', weight], ['colours.0.bias', bias], ...prefixed]);
  t.deepEqual((await saved(apart)).network, named.network);

  const bare = padded({ ...OXFORD, shift: [] });
  bare.delete('0.bias');
  const { network } = await saved(bare, { input: 'torchvision' });
  t.is(network.channelOrder, 'BGR');
  t.is(network.range, 255);
});

test('padding layers alone are recognised, and so is a part of such a network', async (t) => {
  const { network, notes } = await saved(padded(undefined), { input: 'caffe' });
  t.is(network.name, 'vgg19');
  t.regex(notes.join(), /pad by reflection/);
  const { tensors } = tinyNetwork({ blocks: [2, 2, 4, 1] });
  t.deepEqual((await saved(padded(OXFORD, tensors))).network.blocks, [2, 2, 4, 1]);
  t.deepEqual(
    (
      await saved(
        renamed(vgg19, (b, i, role) => `conv${b}_${i}.${role}`),
        { input: 'caffe' },
      )
    ).notes,
    [],
  );
});

test('what an ONNX model says of its padding is said', async (t) => {
  const conv = (pad?: string) => encodeOnnx(vgg19, pad === undefined ? {} : { pad });
  t.regex((await imported(conv('reflect'), { input: 'caffe' })).notes.join(), /pad by reflection/);
  t.deepEqual((await imported(conv('constant'), { input: 'caffe' })).notes, []);
  const { network, notes } = await imported(conv('edge'), { input: 'caffe' });
  t.is(network.padding, 'replicate');
  t.regex(notes.join(), /pad by replication; here only conv1_1 does so, and all others pad with zeros/);
});
