// What a network was trained on: channel order, range, mean and deviation. The same architecture exists in several
// trainings, and a network fed as another one was gives a picture, but a poor one: so this is told by evidence or asked
// for, never guessed.

import { basename } from 'node:path';
import { OptionError } from '../errors.js';
import type { WeightsFormat } from './formats/index.js';
import { numberAt } from './formats/numbers.js';
import type { EngineTensor, TensorFile } from './formats/tensors.js';
import type { NamingStyle } from './found.js';
import type { Architecture } from './network.js';

/** As NetworkDescription. */
export interface NetworkInput {
  channelOrder: 'RGB' | 'BGR';
  range: 255 | 1;
  mean: [number, number, number];
  std: [number, number, number];
}

/** ImageNet's mean colour, as Oxford's VGG subtracts it. */
const OXFORD_MEAN: [number, number, number] = [123.68, 116.779, 103.939];

/** What there is to choose from. */
export const INPUTS = {
  /** Oxford's release for Caffe, and Keras: BGR, 0..255, minus mean. */
  caffe: {
    channelOrder: 'BGR',
    range: 255,
    mean: OXFORD_MEAN.toReversed() as [number, number, number],
    std: [1, 1, 1],
  },
  /** The same weights with their channels turned, as MatConvNet has them. */
  'caffe-rgb': { channelOrder: 'RGB', range: 255, mean: OXFORD_MEAN, std: [1, 1, 1] },
  /** torchvision: RGB, 0..1, minus mean, divided by deviation. */
  torchvision: {
    channelOrder: 'RGB',
    range: 1,
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  },
  /** Illustration2Vec: BGR, 0..255, minus the mean of drawings. */
  illustration2vec: {
    channelOrder: 'BGR',
    range: 255,
    mean: [164.76139251, 167.47864617, 181.13838569],
    std: [1, 1, 1],
  },
} as const satisfies Record<string, NetworkInput>;

export type InputName = keyof typeof INPUTS;

/** The programs that have them, by whose names they are known too. */
const PROGRAMS: Record<string, InputName> = {
  keras: 'caffe',
  tensorflow: 'caffe',
  matconvnet: 'caffe-rgb',
  pytorch: 'torchvision',
};

/** All that an input may be called. */
export const INPUT_NAMES = [...Object.keys(INPUTS), ...Object.keys(PROGRAMS)];

/** The input called so. @throws OptionError when there is none */
export function inputNamed(name: string): InputName {
  if (Object.hasOwn(INPUTS, name)) return name as InputName;
  if (Object.hasOwn(PROGRAMS, name)) return PROGRAMS[name]!;
  throw new OptionError('input', name, `input must be one of ${INPUT_NAMES.join(', ')}, not "${name}"`);
}

/** The hashes that end the names of well-known files, as their makers name them. */
const KNOWN_FILES: Record<string, InputName> = {
  'vgg11-8a719046': 'torchvision',
  'vgg13-19584684': 'torchvision',
  'vgg16-397923af': 'torchvision',
  'vgg19-dcbb9e9d': 'torchvision',
  'vgg16-00b39a1b': 'caffe', // neural-style-pt's, converted from Caffe
  'vgg19-d01eb7cb': 'caffe',
};

/**
 * Four of the first filters of Oxford's VGG-19, RGB: the sum of each channel's kernel, and the bias. Their directions
 * are the same in a normalised network, and no other training has them.
 */
const OXFORD_FILTERS: Record<number, [number, number, number, number]> = {
  1: [-0.8188, 0.3112, 1.001, 0.0649],
  2: [-0.4304, 0.8326, 0.1552, 0.0343],
  5: [-0.4918, -1.6364, 1.9187, 0.5487],
  7: [0.433, -0.1464, -0.58, 0.3479],
};

/** How many channels the convolutions give that Illustration2Vec has behind those of a vgg11. */
const ILLUSTRATION2VEC = '1024,1024,1024';

interface Evidence {
  architecture: Architecture;
  /** Outputs of the convolutions of 3 × 3 behind the last one of the architecture. */
  beyond: number[];
  weight: EngineTensor;
  bias: EngineTensor;
  style: NamingStyle;
  format: WeightsFormat;
  metadata: TensorFile['metadata'];
  tensors: TensorFile['tensors'];
}

/**
 * The input of the network in `path`: as `wanted`, or as the file shows.
 *
 * @throws OptionError when the file does not show it, and `wanted` does not tell
 */
export function inputOf(
  path: string,
  wanted: InputName | undefined,
  found: Evidence,
): { input: NetworkInput; evidence: string } {
  const { metadata, format, style } = found;
  if (wanted !== undefined) return { input: INPUTS[wanted], evidence: 'as told' };
  const order = oxfordOrder(found);
  const mean = averageImage(found);
  if (mean) return { input: { ...INPUTS['caffe-rgb'], mean }, evidence: 'by the averageImage in it' };
  if (order === 'BGR') return { input: INPUTS.caffe, evidence: "by its first filters, which are Oxford's" };
  if (order === 'RGB') {
    return {
      input: INPUTS['caffe-rgb'],
      evidence: "by its first filters, which are Oxford's with channels turned",
    };
  }
  const { architecture, beyond } = found;
  if (architecture === 'vgg11' && beyond.slice(0, 3).join() === ILLUSTRATION2VEC) {
    const evidence = "by the convolutions behind those of a vgg11, which are Illustration2Vec's";
    return { input: INPUTS.illustration2vec, evidence };
  }
  if (format === 'Caffe' && beyond.length === 0)
    return { input: INPUTS.caffe, evidence: 'as VGGs of Caffe are' };
  const isKeras = format === 'Keras (HDF5)' || format === 'TensorFlow.js';
  if (isKeras && style === 'keras') {
    return { input: INPUTS.caffe, evidence: "by the names of Keras' own VGGs, which are Oxford's" };
  }
  const name = Object.keys(KNOWN_FILES).find((name) => basename(path).startsWith(name));
  if (name !== undefined && format === 'PyTorch') {
    return { input: INPUTS[KNOWN_FILES[name]!], evidence: `by the file's name, ${name}` };
  }
  if (format === 'ONNX' && [...found.tensors.keys()].some((name) => /^vgg\d+_conv\d+_weight$/.test(name))) {
    return { input: INPUTS.torchvision, evidence: "by the names of the ONNX model zoo's VGGs" };
  }
  const choices = Object.entries(INPUTS).map(
    ([name, { channelOrder, range, std }]) =>
      `${name} (${channelOrder}, 0..${range}, minus mean${std[0] === 1 ? '' : ', divided by std'})`,
  );
  throw new OptionError(
    'input',
    undefined,
    `input is needed: nothing in ${path} says what the network is fed; it is one of ${choices.join(', ')}${
      metadata.producer ? `, and its producer is ${metadata.producer.slice(0, 60)}` : ''
    }`,
  );
}

/** Whether the first filters are Oxford's, and for which order of channels. */
export function oxfordOrder({ weight, bias }: Pick<Evidence, 'weight' | 'bias'>): 'RGB' | 'BGR' | undefined {
  const filters = Object.entries(OXFORD_FILTERS);
  const outputs = weight.shape[0]!;
  const isLike = (turned: boolean) =>
    filters.every(([index, expected]) => {
      if (Number(index) >= outputs) return false;
      const sums = [0, 1, 2].map((channel) => kernelSum(weight, Number(index), channel));
      const found = [...(turned ? sums.reverse() : sums), element(bias, Number(index))];
      return cosine(found, expected) > 0.999;
    });
  if (isLike(false)) return 'RGB';
  return isLike(true) ? 'BGR' : undefined;
}

function kernelSum(weight: EngineTensor, output: number, channel: number): number {
  let sum = 0;
  for (let i = 0; i < 9; i++) sum += element(weight, (output * 3 + channel) * 9 + i);
  return sum;
}

function element({ dtype, data }: EngineTensor, index: number): number {
  return numberAt(new DataView(data.buffer, data.byteOffset, data.length), dtype, index);
}

function cosine(a: number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** MatConvNet's: RGB, one colour or the mean of many pictures, of which the mean colour is what VGG subtracts. */
function averageImage({ tensors, format }: Evidence): [number, number, number] | undefined {
  if (format !== 'MATLAB 5' && format !== 'MATLAB 7.3') return undefined;
  const [, tensor] = [...tensors].find(([name]) => /(^|\/)averageImage$/.test(name)) ?? [];
  if (!tensor) return undefined;
  const { dtype, shape, data } = tensor;
  const count = shape.reduce((product, size) => product * size, 1);
  const pixels = count / 3;
  if (count === 0 || (count > 3 && shape[0] !== 3) || !Number.isInteger(pixels)) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const mean = [0, 1, 2].map((channel) => {
    let sum = 0;
    for (let i = 0; i < pixels; i++) sum += numberAt(view, dtype, channel * pixels + i);
    return Number((sum / pixels).toPrecision(7)); // which float32 is good for
  });
  return mean.every(Number.isFinite) ? (mean as [number, number, number]) : undefined;
}
