// A small VGG with a classifier as every library would save it, and what it makes of pictures, in double: by each
// library's own order, from the very numbers that are in its file.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EngineTensor, Tensor } from '../../dist/weights/formats/tensors.js';
import { caffeLayers, encodeCaffe } from './caffe.js';
import { encodeHdf5, encodeKeras, encodeMatlab73, keras3Name } from './hdf5.js';
import { encodeMatlab } from './matlab.js';
import { encodeNpz, encodeObjectNpy, layersOf } from './numpy.js';
import { encodeOnnx } from './onnx.js';
import { encodeArchive, encodeLegacy, stateDict } from './pytorch.js';
import { encodeSafetensors, seeded, tinyNetwork } from './safetensors.js';
import { tfjsModel } from './tfjs.js';
import {
  kerasLayers,
  kerasName,
  laidOut,
  matconvnet,
  oldKerasName,
  renamed,
  torchvisionName,
  type Vgg,
} from './vggs.js';

export const WIDTHS = [4, 5, 6, 7, 8];
export const WINDOW = 2;
export const CLASSES = 7;
const OUTPUTS = [13, 11, CLASSES];

/** fc6, fc7 and fc8 as kernels, OIHW, and biases: numbers that halves have. */
export function tinyClassifier(): Vgg {
  const uniform = seeded(5);
  const random = (shape: number[], bound: number): EngineTensor => {
    const count = shape.reduce((product, size) => product * size, 1);
    const values = Float32Array.from(
      { length: count },
      () => Math.round(1024 * bound * (2 * uniform() - 1)) / 1024,
    );
    return { dtype: 'F32', shape, data: new Uint8Array(values.buffer) };
  };
  const tensors: Vgg = new Map();
  let inputs = WIDTHS.at(-1)!;
  for (const [i, outputs] of OUTPUTS.entries()) {
    const window = i === 0 ? WINDOW : 1;
    const bound = Math.sqrt(6 / (inputs * window ** 2));
    tensors.set(`fc${6 + i}.weight`, random([outputs, inputs, window, window], bound));
    tensors.set(`fc${6 + i}.bias`, random([outputs], 0.1));
    inputs = outputs;
  }
  return tensors;
}

/** As matrices, outputs first; what they see is channel by channel (CHW). */
export function outputsFirst(classifier: Vgg): Vgg {
  return mapped(classifier, (tensor) => {
    const [outputs = 0, ...rest] = tensor.shape;
    return { ...tensor, shape: [outputs, rest.reduce((product, size) => product * size, 1)] };
  });
}

/** As matrices, inputs first; what they see is position by position (HWC). */
export function inputsFirst(classifier: Vgg): Vgg {
  return mapped(laidOut(classifier, 'HWIO'), (tensor) => {
    const outputs = tensor.shape.at(-1)!;
    return {
      ...tensor,
      shape: [tensor.shape.slice(0, -1).reduce((product, size) => product * size, 1), outputs],
    };
  });
}

function mapped(classifier: Vgg, change: (weight: Tensor) => Tensor): Vgg {
  return new Map(
    Array.from(classifier, ([name, tensor]) => [name, name.endsWith('.weight') ? change(tensor) : tensor]),
  );
}

/** With other names: `rename` gets the layer's place, counted from 0. */
export function called(classifier: Vgg, rename: (place: number, role: string) => string): Vgg {
  return new Map(
    Array.from(classifier, ([name, tensor]) => [rename(Number(name[2]) - 6, name.split('.')[1]!), tensor]),
  );
}

const kernel = (role: string) => (role === 'weight' ? 'kernel' : 'bias');
const KERAS = ['fc1', 'fc2', 'predictions'];
export const torchvisionClassifier = (place: number, role: string) => `classifier.${3 * place}.${role}`;
export const kerasClassifier = (place: number, role: string) =>
  `${KERAS[place]}/${KERAS[place]}/${kernel(role)}:0`;

const oldKerasClassifier = (place: number, role: string) =>
  `${KERAS[place]}/${KERAS[place]}_${role === 'weight' ? 'W' : 'b'}_1:0`;

/** Writes a VGG-19 with a classifier in every format; resolves to paths by what they are. */
export async function withClassifierInEveryFormat(folder: string): Promise<Record<string, string>> {
  const vgg = tinyNetwork({ widths: WIDTHS }).tensors;
  const classifier = tinyClassifier();
  const hwio = laidOut(vgg, 'HWIO');
  const chw = outputsFirst(classifier);
  const hwc = inputsFirst(classifier);
  const torch = new Map([...renamed(vgg, torchvisionName), ...called(chw, torchvisionClassifier)]);
  const caffe = [
    ...caffeLayers(vgg).slice(0, -1),
    ...['fc6', 'fc7', 'fc8'].map((name) => ({
      name,
      kind: 'InnerProduct' as const,
      blobs: [chw.get(`${name}.weight`)!, chw.get(`${name}.bias`)!],
    })),
  ];
  const keras3 = new Map([
    ...renamed(hwio, keras3Name),
    ...called(
      hwc,
      (place, role) => `layers/dense${place ? `_${place}` : ''}/vars/${role === 'weight' ? 0 : 1}`,
    ),
  ]);
  const whole = new Map([...vgg, ...classifier]);
  const short = (name: string, role: string) => `${name}_${role === 'weight' ? 'W' : 'b'}`;
  const files: Record<string, Uint8Array> = {
    'archive.pth': encodeArchive(stateDict(torch)),
    'legacy.pth': encodeLegacy(stateDict(torch, true)),
    'fully-convolutional.pth': encodeArchive(
      stateDict(new Map([...renamed(vgg, torchvisionName), ...called(classifier, torchvisionClassifier)])),
    ),
    'v1.caffemodel': encodeCaffe(caffe, 1),
    'v2.caffemodel': encodeCaffe(caffe, 2),
    'keras.h5': encodeHdf5(new Map([...renamed(hwio, kerasName), ...called(hwc, kerasClassifier)])),
    // As the releases of the catalogue have them.
    'keras-old.h5': encodeHdf5(
      new Map([...renamed(hwio, oldKerasName), ...called(hwc, oldKerasClassifier)]),
      {},
      2,
    ),
    'keras3.weights.h5': encodeHdf5(keras3),
    'model.keras': encodeKeras(kerasLayers(vgg), encodeHdf5(keras3)),
    '5.mat': encodeMatlab(matconvnet(whole)),
    '5-old.mat': encodeMatlab(matconvnet(whole, true)),
    '7.3.mat': encodeMatlab73(matconvnet(whole)),
    'arrays.npz': encodeNpz(
      new Map([
        ...renamed(hwio, (block, index, role) => short(`conv${block}_${index}`, role)),
        ...called(hwc, (place, role) => short(`fc${6 + place}`, role)),
      ]),
    ),
    'dictionary.npy': encodeObjectNpy(layersOf(new Map([...hwio, ...hwc]), 'string')),
    'slim.npz': encodeNpz(
      new Map([...hwio, ...laidOut(classifier, 'HWIO')].map(([name, tensor]) => [`vgg_19/${name}`, tensor])),
    ),
    'zoo.onnx': encodeOnnx(
      new Map([
        ...renamed(vgg, (_block, _index, role, place) => `vgg0_conv${place}_${role}`),
        ...called(chw, (place, role) => `vgg0_dense${place}_${role}`),
      ]),
    ),
    'nameless.onnx': encodeOnnx(new Map([...vgg, ...chw]), { nameless: true }),
    'torch.safetensors': encodeSafetensors(torch, {}),
  };
  const paths: Record<string, string> = {};
  for (const [name, bytes] of Object.entries(files)) {
    paths[name] = join(folder, name);
    await mkdir(dirname(paths[name]), { recursive: true });
    await writeFile(paths[name], bytes);
  }
  const web = new Map([
    ...renamed(hwio, (block, index, role) => `block${block}_conv${index}/${kernel(role)}`),
    ...called(hwc, (place, role) => `${KERAS[place]}/${kernel(role)}`),
  ]);
  return { ...paths, 'model.json': await tfjsModel(join(folder, 'tfjs'), web, 3000) };
}

/** Channels last: [height][width][channels]. */
interface Features {
  data: Float64Array;
  width: number;
  height: number;
  channels: number;
}

const floatsOf = ({ data }: Tensor) => new Float32Array(data.slice().buffer);

/** What the network makes of a picture behind its last pool, in double. `picture` is interleaved RGB, minus nothing. */
export function lastPool(
  vgg: Vgg,
  picture: { data: Float32Array; width: number; height: number },
  prepare: (pixel: number, channel: number) => number,
  order: number[],
): Features {
  const { width, height } = picture;
  const data = Float64Array.from(picture.data, (_, i) => {
    const channel = i % 3;
    return prepare(picture.data[i - channel + order[channel]!]!, channel);
  });
  let features: Features = { data, width, height, channels: 3 };
  let block = '1';
  for (const name of [...vgg.keys()].filter((name) => /^conv.*weight$/.test(name))) {
    if (name[4] !== block) features = pooled(features);
    block = name[4]!;
    features = convolved(features, vgg.get(name)!, vgg.get(name.replace('weight', 'bias'))!);
  }
  return pooled(features);
}

function convolved({ data, width, height, channels }: Features, weight: Tensor, bias: Tensor): Features {
  const [kernels, biases] = [floatsOf(weight), floatsOf(bias)];
  const outputs = biases.length;
  const made = new Float64Array(width * height * outputs);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let o = 0; o < outputs; o++) {
        let sum = biases[o]!;
        for (let tap = 0; tap < 9; tap++) {
          const [v, u] = [y + Math.floor(tap / 3) - 1, x + (tap % 3) - 1];
          if (v < 0 || u < 0 || v >= height || u >= width) continue;
          for (let c = 0; c < channels; c++)
            sum += kernels[(o * channels + c) * 9 + tap]! * data[(v * width + u) * channels + c]!;
        }
        made[(y * width + x) * outputs + o] = Math.max(0, sum);
      }
    }
  }
  return { data: made, width, height, channels: outputs };
}

function pooled({ data, width, height, channels }: Features): Features {
  const [across, down] = [width >> 1, height >> 1];
  const made = new Float64Array(across * down * channels).map((_, i) => {
    const [c, position] = [i % channels, Math.floor(i / channels)];
    const [x, y] = [2 * (position % across), 2 * Math.floor(position / across)];
    const at = (dy: number, dx: number) => data[((y + dy) * width + x + dx) * channels + c]!;
    return Math.max(at(0, 0), at(0, 1), at(1, 0), at(1, 1));
  });
  return { data: made, width: across, height: down, channels };
}

/**
 * The logits in double, averaged over positions: by matrices with outputs first, which see channels before positions, or
 * with inputs first, which see positions before channels, as the libraries that have them multiply.
 */
export function logitsOf(features: Features, matrices: Vgg, order: 'CHW' | 'HWC'): Float64Array {
  const { width, height, channels } = features;
  const sums = new Float64Array(CLASSES);
  const [down, across] = [height - WINDOW + 1, width - WINDOW + 1];
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      const seen = new Float64Array(WINDOW * WINDOW * channels);
      for (let v = 0; v < WINDOW; v++) {
        for (let u = 0; u < WINDOW; u++) {
          for (let c = 0; c < channels; c++) {
            const at = order === 'CHW' ? (c * WINDOW + v) * WINDOW + u : (v * WINDOW + u) * channels + c;
            seen[at] = features.data[((y + v) * width + x + u) * channels + c]!;
          }
        }
      }
      let values = seen;
      for (const layer of ['fc6', 'fc7', 'fc8']) {
        const weights = floatsOf(matrices.get(`${layer}.weight`)!);
        const biases = floatsOf(matrices.get(`${layer}.bias`)!);
        const made = Float64Array.from(biases, (bias, o) =>
          values.reduce(
            (sum, value, i) =>
              sum + value * weights[order === 'CHW' ? o * values.length + i : i * biases.length + o]!,
            bias,
          ),
        );
        values = layer === 'fc8' ? made : made.map((value) => Math.max(0, value));
      }
      for (const [i, value] of values.entries()) sums[i]! += value / (down * across);
    }
  }
  return sums;
}
