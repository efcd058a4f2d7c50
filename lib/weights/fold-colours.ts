// Some VGGs begin with a convolution of 1 × 1 from three channels to three: it turns pixels into what conv1_1 was
// trained on. Scumble's networks have none, so it becomes part of what the network is fed, and where that can say only
// some of it, of conv1_1's kernels.

import { OptionError } from '../errors.js';
import { numberAt } from './formats/numbers.js';
import type { EngineTensor, Tensor } from './formats/tensors.js';
import { INPUTS, type InputName, type NetworkInput, oxfordOrder } from './recognize-input.js';
import type { Layout } from './recognize-layout.js';

type Triple = [number, number, number];

/** Output i is the sum of matrix[i][j] × input j, plus shift[i]. */
export interface Colours {
  matrix: [Triple, Triple, Triple];
  shift: Triple;
}

/** What conv1_1 is, and is fed. */
export interface First {
  weight: EngineTensor;
  bias: EngineTensor;
  input: NetworkInput;
}

/** Means of more than this many times the range leave float32 too little precision for the pixels. */
const LARGEST_MEAN = 100;

export function coloursOf(weight: Tensor, bias: Tensor | undefined, layout: Layout): Colours {
  const outputsFirst = layout.indexOf('O') < layout.indexOf('I');
  const row = (i: number) =>
    [0, 1, 2].map((j) => element(weight, outputsFirst ? 3 * i + j : 3 * j + i)) as Triple;
  const shift = [0, 1, 2].map((i) => (bias ? element(bias, i) : 0)) as Triple;
  return { matrix: [row(0), row(1), row(2)], shift };
}

/**
 * What the convolution of 1 × 1 is fed, by itself: one that subtracts a colour as photographs have in the mean is fed
 * pixels as they are.
 */
export function pixelsInto(colours: Colours): NetworkInput | undefined {
  const colour = blackOf(colours);
  const range = ([1, 255] as const).find((range) => colour?.every((c) => c > 0.2 * range && c < 0.8 * range));
  if (!colour || !range) return undefined;
  const channelOrder = colour[0] < colour[2] ? 'BGR' : 'RGB'; // photographs have more red than blue
  return { channelOrder, range, mean: [0, 0, 0], std: [1, 1, 1] };
}

/**
 * What conv1_1 and its input are once they do what the convolution of 1 × 1 and conv1_1 did.
 *
 * @throws OptionError when nothing says what the file's network is fed, or `wanted` says otherwise than the file
 */
export function foldColours(
  colours: Colours,
  first: Omit<First, 'input'>,
  wanted: InputName | undefined,
  path: string,
): First & { evidence: string; note: string } {
  const order = oxfordOrder(first);
  const pixels = pixelsInto(colours);
  if (pixels) {
    const folded = fold(colours, { ...first, input: pixels });
    if (wanted !== undefined && !isAlike(folded.input, INPUTS[wanted])) {
      throw new OptionError(
        'input',
        wanted,
        `input cannot be ${wanted}: ${path} begins with a convolution of 1 × 1 that is fed pixels 0..${pixels.range} and subtracts the mean itself; leave input out`,
      );
    }
    return { ...folded, evidence: 'by its convolution of 1 × 1, which subtracts a mean colour' };
  }
  if (order) {
    const input = INPUTS[order === 'BGR' ? 'caffe' : 'caffe-rgb'];
    if (wanted !== undefined && !isAlike(INPUTS[wanted], input)) {
      const problem = `input cannot be ${wanted}: conv1_1 of ${path} is Oxford's, whose input is known; leave input out`;
      throw new OptionError('input', wanted, problem);
    }
    const note =
      "the convolution of 1 × 1 that it begins with was left out: conv1_1 is Oxford's, whose input is known";
    return { ...first, input, evidence: "by the filters of conv1_1, which are Oxford's", note };
  }
  if (wanted !== undefined) {
    return {
      ...fold(colours, { ...first, input: INPUTS[wanted] }),
      evidence: 'as told, and by its convolution of 1 × 1',
    };
  }
  throw new OptionError(
    'input',
    undefined,
    `input is needed: nothing in ${path} says what the convolution of 1 × 1 that it begins with is fed; it is one of ${Object.keys(INPUTS).join(', ')}`,
  );
}

function fold(colours: Colours, { weight, bias, input }: First): First & { note: string } {
  const { matrix } = colours;
  const began = 'the convolution of 1 × 1 that it begins with';
  const black = blackOf(colours);
  if (!black || black.some((value) => Math.abs(value) > LARGEST_MEAN * input.range)) {
    const note = `${began} is now part of conv1_1, exactly but for the border, which is padded before it and not after`;
    return {
      weight: throughMatrix(weight, matrix),
      bias: withShift(bias, weight, colours.shift),
      input,
      note,
    };
  }
  // Zeros around what conv1_1 was fed are zeros around what it is fed now, as these are what the colours make zeros of.
  const mean = input.mean.map((value, j) => value + input.std[j]! * black[j]!) as Triple;
  const scales = scalesOf(matrix);
  if (!scales) {
    const note = `${began} mixes the channels: it is now part of conv1_1 and of the mean, exactly, borders included`;
    return { weight: throughMatrix(weight, matrix), bias, input: rounded({ ...input, mean }), note };
  }
  const { turned, scale } = scales;
  const inOrder = (values: readonly number[]) => (turned ? values.toReversed() : values) as Triple;
  const std = inOrder(input.std).map((value, i) => value / scale[i]!) as Triple;
  const channelOrder = turned ? (input.channelOrder === 'RGB' ? 'BGR' : 'RGB') : input.channelOrder;
  const note = `${began} is now part of what the network is fed: ${turned ? 'order, ' : ''}mean and scale, exactly`;
  return { weight, bias, input: rounded({ ...input, channelOrder, mean: inOrder(mean), std }), note };
}

/** The input for which the outputs are zero; undefined if there is none or any number. */
function blackOf({ matrix, shift }: Colours): Triple | undefined {
  const [a, b, c] = matrix;
  const det = dot(a, cross(b, c));
  const size = Math.max(...matrix.flat().map(Math.abs));
  if (!(Math.abs(det) > 1e-9 * size ** 3)) return undefined;
  const [u, v, w] = [cross(b, c), cross(c, a), cross(a, b)];
  return [0, 1, 2].map((j) => -(shift[0] * u[j]! + shift[1] * v[j]! + shift[2] * w[j]!) / det) as Triple;
}

/** Positive factors of the channels as they are or the other way round; undefined for any other matrix. */
function scalesOf(matrix: Colours['matrix']): { turned: boolean; scale: Triple } | undefined {
  const small = 1e-6 * Math.max(...matrix.flat().map(Math.abs));
  for (const turned of [false, true]) {
    const at = (i: number) => (turned ? 2 - i : i);
    const isPlain = matrix.every((row, i) =>
      row.every((value, j) => (j === at(i) ? value > small : Math.abs(value) <= small)),
    );
    if (isPlain) return { turned, scale: matrix.map((row, i) => row[at(i)]!) as Triple };
  }
  return undefined;
}

/** Kernels that take what the matrix takes, in float32. */
function throughMatrix(weight: EngineTensor, matrix: Colours['matrix']): EngineTensor {
  const outputs = weight.shape[0]!;
  const kernel = new DataView(new ArrayBuffer(outputs * 27 * 4));
  for (let i = 0; i < outputs * 27; i++) {
    const [output, input, tap] = [Math.floor(i / 27), Math.floor(i / 9) % 3, i % 9];
    const sum = matrix.reduce(
      (sum, row, c) => sum + element(weight, output * 27 + 9 * c + tap) * row[input]!,
      0,
    );
    kernel.setFloat32(4 * i, sum, true);
  }
  return { dtype: 'F32', shape: weight.shape, data: new Uint8Array(kernel.buffer) };
}

/** Biases with what the kernels make of the shift. */
function withShift(bias: EngineTensor, weight: EngineTensor, shift: Triple): EngineTensor {
  const outputs = bias.shape[0]!;
  const sums = new DataView(new ArrayBuffer(4 * outputs));
  for (let output = 0; output < outputs; output++) {
    let sum = element(bias, output);
    for (let i = 0; i < 27; i++) sum += element(weight, output * 27 + i) * shift[Math.floor(i / 9)]!;
    sums.setFloat32(4 * output, sum, true);
  }
  return { dtype: 'F32', shape: bias.shape, data: new Uint8Array(sums.buffer) };
}

/** In numbers that float32 is good for, and of the range in which the deviation is not tiny. */
function rounded(input: NetworkInput): NetworkInput {
  const factor = input.range === 1 && Math.max(...input.std) < 0.02 ? 255 : 1;
  const numbers = (values: Triple) =>
    values.map((value) => Number((value * factor).toPrecision(7))) as Triple;
  const range = factor === 255 ? 255 : input.range;
  return { ...input, range, mean: numbers(input.mean), std: numbers(input.std) };
}

function isAlike(a: NetworkInput, b: NetworkInput): boolean {
  const near = (x: number, y: number) => Math.abs(x - y) <= 0.01 * Math.abs(y);
  return (
    a.channelOrder === b.channelOrder &&
    a.mean.every((value, i) => near(value / a.range, b.mean[i]! / b.range)) &&
    a.std.every((value, i) => near(value / a.range, b.std[i]! / b.range))
  );
}

function cross(a: Triple, b: Triple): Triple {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function element({ dtype, data }: Tensor, index: number): number {
  return numberAt(new DataView(data.buffer, data.byteOffset, data.length), dtype, index);
}
