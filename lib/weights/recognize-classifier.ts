// Which tensors of a file are the classifier of a VGG, and how they lie. Every library has names of its own for its three
// dense layers, and two orders for what the first of them sees: channel by channel, where features are CHW (Caffe,
// PyTorch), or position by position, where they are HWC (TensorFlow). Two networks that differ in that alone have the
// same shapes, so it is told by two signs that go together, or asked for: how the convolutions' kernels lie, and
// whether the dense layers' weights have their outputs first.

import { OptionError } from '../errors.js';
import type { Dense } from './classifier.js';
import { ADVICE, DENSE_NAMES } from './classifier.js';
import type { WeightsFormat } from './formats/index.js';
import { asHalves } from './formats/numbers.js';
import { rowMajor, rowMajorStrides } from './formats/strides.js';
import { ELEMENT_BYTES, type Tensor } from './formats/tensors.js';
import { outputsOf } from './recognize-architecture.js';
import { engineVector, type Layout } from './recognize-layout.js';
import { list, quote, refuse } from './refuse.js';

/** Orders of what the first dense layer sees, the last index fastest. */
export const FLATTENS = ['CHW', 'HWC'] as const;
export type Flatten = (typeof FLATTENS)[number];

export interface FoundClassifier {
  layers: Dense[];
  /** For people: what told the order. */
  evidence: string;
  /** Names of its tensors. */
  names: string[];
}

/** A layer's weights and biases, as the file has them. */
interface Pair {
  name: string;
  weight: Tensor;
  bias: [string, Tensor];
}

/**
 * The classifier among what a file has beside its convolutions.
 *
 * @param inputs channels that the last convolution gives
 * @throws WeightsError when there is none; OptionError when its order is not told, and `wanted` does not say it
 */
export async function findClassifier(
  rest: [string, Tensor][],
  inputs: number,
  { layout, format, path }: { layout: Layout; format: WeightsFormat; path: string },
  wanted: Flatten | undefined,
): Promise<FoundClassifier> {
  const pairs = pairsIn(rest, format);
  const natural = pairs.toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  for (const inOrder of [natural, pairs]) {
    for (const outputsFirst of [true, false]) {
      const shapes = chain(inOrder, inputs, layout, outputsFirst);
      if (!shapes) continue;
      const isOpen = inOrder[0]!.weight.shape.length === 2 && shapes[0]!.window > 1;
      const { flatten, evidence } = isOpen
        ? flattenOf(layout, outputsFirst, wanted, path)
        : { flatten: 'CHW' as const, evidence: 'by shapes' };
      const layers: Dense[] = [];
      for (const [i, shape] of shapes.entries()) {
        const { weight, bias } = inOrder[i]!;
        const strides = stridesOf(weight, shape, layout, outputsFirst, flatten);
        layers.push(await layerOf(DENSE_NAMES[i]!, weight, bias[1], shape, strides));
      }
      return { layers, evidence, names: inOrder.flatMap(({ name, bias }) => [name, bias[0]]) };
    }
  }
  const found = pairs.map(({ name, weight }) => `${quote(name)} ${quote(weight.shape)}`);
  const has = pairs.length === 0 ? 'no dense layers' : list(found, String, 4);
  return refuse(
    path,
    `has no classifier of three layers behind ${inputs} channels: it has ${has}. ${ADVICE}`,
  );
}

/** Matrices, and kernels that are not of 3 × 3, each with the biases whose name is most like its own. */
function pairsIn(rest: [string, Tensor][], format: WeightsFormat): Pair[] {
  const matrices = rest.flatMap(([name, tensor]): [string, Tensor][] => {
    const { shape } = tensor;
    const [first, second, ...sizes] = shape;
    const isOldCaffe = format === 'Caffe' && shape.length === 4 && first === 1 && second === 1;
    if (isOldCaffe) return [[name, { ...tensor, shape: sizes }]];
    const isKernel = shape.length === 4 && shape.filter((size) => size === 3).length < 2;
    return isKernel || (shape.length === 2 && Math.min(...shape) > 1) ? [[name, tensor]] : [];
  });
  const vectors = new Map(rest.filter(([, { shape }]) => isVector(shape)));
  return matrices.flatMap(([name, weight]): Pair[] => {
    const [bias] = [...vectors]
      .filter(([, vector]) => weight.shape.includes(outputsOf(vector)))
      .sort(([a], [b]) => common(b, name) - common(a, name));
    if (!bias) return [];
    vectors.delete(bias[0]);
    return [{ name, weight, bias }];
  });
}

const isVector = (shape: number[]) => shape.length > 0 && shape.filter((size) => size !== 1).length <= 1;

/** How many letters two names have alike, at their beginning. */
function common(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

interface Shape {
  inputs: number;
  window: number;
  outputs: number;
}

/** The layers' shapes if each takes what the one before gives; undefined if not, or if these are not three. */
function chain(
  pairs: readonly Pair[],
  channels: number,
  layout: Layout,
  outputsFirst: boolean,
): Shape[] | undefined {
  if (pairs.length !== DENSE_NAMES.length) return undefined;
  const shapes: Shape[] = [];
  for (const { weight, bias } of pairs) {
    const inputs = shapes.at(-1)?.outputs ?? channels;
    const { shape } = weight;
    const at = (axis: string) => shape[layout.indexOf(axis)]!;
    const flat = shape.length === 2;
    const outputs = flat ? shape[outputsFirst ? 0 : 1]! : at('O');
    const terms = flat ? shape[outputsFirst ? 1 : 0]! : at('I') * at('H') * at('W');
    const window = shapes.length === 0 ? Math.sqrt(terms / inputs) : 1;
    const isSquare = flat || (at('I') === inputs && at('H') === window && at('W') === window);
    const fits = Number.isInteger(window) && window >= 1 && terms === inputs * window ** 2;
    if (!isSquare || !fits || outputsOf(bias[1]) !== outputs) return undefined;
    shapes.push({ inputs, window, outputs });
  }
  return shapes;
}

/** What goes together: kernels with their outputs before their sides, and dense weights with their outputs first. */
function flattenOf(
  layout: Layout,
  outputsFirst: boolean,
  wanted: Flatten | undefined,
  path: string,
): { flatten: Flatten; evidence: string } {
  if (wanted !== undefined) return { flatten: wanted, evidence: 'as told' };
  const byKernels = layout === 'OIHW' ? 'CHW' : layout === 'HWIO' ? 'HWC' : undefined;
  const byWeights = outputsFirst ? 'CHW' : 'HWC';
  if (byKernels === byWeights) {
    const how = outputsFirst ? 'outputs first' : 'inputs first';
    return { flatten: byKernels, evidence: `by kernels as ${layout} and weights with ${how}` };
  }
  throw new OptionError(
    'flatten',
    undefined,
    `flatten is needed: the kernels of ${path} lie as ${layout}, the weights of its dense layers have their ${
      outputsFirst ? 'outputs' : 'inputs'
    } first, and nothing says whether these are CHW (as in Caffe and PyTorch) or HWC (as in Keras and TensorFlow)`,
  );
}

/** Of outputs, channels, rows and columns, in elements. */
function stridesOf(
  { shape }: Tensor,
  { inputs, window, outputs }: Shape,
  layout: Layout,
  outputsFirst: boolean,
  flatten: Flatten,
): number[] {
  if (shape.length === 4) {
    const strides = rowMajorStrides(shape);
    return [...'OIHW'].map((axis) => strides[layout.indexOf(axis)]!);
  }
  const term = outputsFirst ? 1 : outputs;
  const output = outputsFirst ? inputs * window ** 2 : 1;
  const [channel, row, column] = flatten === 'CHW' ? [window ** 2, window, 1] : [1, window * inputs, inputs];
  return [output, channel! * term, row! * term, column! * term];
}

async function layerOf(
  name: string,
  tensor: Tensor,
  bias: Tensor,
  { inputs, window, outputs }: Shape,
  strides: number[],
): Promise<Dense> {
  const { dtype, data } = tensor;
  const shape = [outputs, inputs, window, window];
  const isInOrder = rowMajorStrides(shape).every(
    (stride, axis) => stride === strides[axis] || shape[axis] === 1,
  );
  const ordered = isInOrder ? data : await rowMajor(data, ELEMENT_BYTES[dtype], shape, strides);
  const weight = await asHalves({ dtype, shape, data: ordered });
  return { name, inputs, window, outputs, weight, bias: await engineVector(bias) };
}
