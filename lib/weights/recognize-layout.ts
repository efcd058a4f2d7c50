// In which order a file's kernels have their outputs, inputs, height and width. Shapes tell most of it: the sides of
// 3, and that each layer takes as many channels as the one before gives. That rows and columns are exchanged, they
// never tell: the format does.

import { OptionError } from '../errors.js';
import type { WeightsFormat } from './formats/index.js';
import { asFloats } from './formats/numbers.js';
import { rowMajor, rowMajorStrides } from './formats/strides.js';
import { ELEMENT_BYTES, type EngineTensor, isEngineTensor, type Tensor } from './formats/tensors.js';
import type { FoundConvolution } from './found.js';
import { quote, refuse } from './refuse.js';

/** Outputs, inputs, height and width of a kernel, the last index fastest. */
export const LAYOUTS = ['OIHW', 'HWIO', 'OHWI', 'IOHW', 'HWOI', 'OIWH', 'WHIO'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** Those that are told from each other by shapes. */
const BY_SHAPE: readonly Layout[] = ['OIHW', 'HWIO', 'OHWI', 'IOHW', 'HWOI'];

/** What is usual in a format, to choose by where shapes leave several. */
const USUAL: Record<WeightsFormat, Layout> = {
  safetensors: 'OIHW',
  PyTorch: 'OIHW',
  NumPy: 'HWIO',
  'TensorFlow.js': 'HWIO',
  'Keras (HDF5)': 'HWIO',
  'MATLAB 5': 'OIWH',
  'MATLAB 7.3': 'OIWH',
  Caffe: 'OIHW',
  ONNX: 'OIHW',
};

/**
 * The layout of all kernels.
 *
 * @throws WeightsError when no layout fits; OptionError when several do and `wanted` does not say which, or when it is
 * one that does not fit
 */
export function layoutOf(
  convolutions: FoundConvolution[],
  format: WeightsFormat,
  wanted: Layout | undefined,
  path: string,
): { layout: Layout; evidence: string } {
  if (wanted !== undefined) {
    if (fits(wanted, convolutions)) return { layout: wanted, evidence: 'as told' };
    throw new OptionError('layout', wanted, `layout ${wanted} does not fit the shapes in ${path}`);
  }
  const usual = USUAL[format];
  const possible = [...new Set([usual, ...BY_SHAPE])].filter((layout) => fits(layout, convolutions));
  const [first] = possible;
  if (first === undefined) {
    const [one, two] = convolutions;
    const shapes = [one, two].map((found) => found && `${quote(found.label)} ${quote(found.weight.shape)}`);
    return refuse(path, `has kernels that do not follow one another: ${shapes.filter(Boolean).join(', ')} …`);
  }
  if (first === usual) {
    return {
      layout: usual,
      evidence:
        possible.length === 1 || usual === 'OIWH' ? `by shapes, in ${format}` : `as usual in ${format}`,
    };
  }
  // Theano, which has kernels in this order, turns them by half: Keras files made for it look just like others.
  if (format === 'Keras (HDF5)' && first === 'OIHW') {
    throw new OptionError(
      'layout',
      undefined,
      `layout is needed: ${path} has kernels as OIHW, and if they were made for Theano, they are turned by half, which is not supported; give OIHW if they were not`,
    );
  }
  if (possible.length === 1) return { layout: first, evidence: 'by shapes' };
  throw new OptionError('layout', undefined, `layout is needed for ${path}: ${possible.join(' and ')} fit`);
}

function fits(layout: Layout, convolutions: FoundConvolution[]): boolean {
  let inputs = 3;
  for (const { weight, bias } of convolutions) {
    const size = (axis: string) => weight.shape[layout.indexOf(axis)];
    const outputs = bias.shape.reduce((product, size) => product * size, 1);
    if (size('H') !== 3 || size('W') !== 3 || size('I') !== inputs || size('O') !== outputs) return false;
    inputs = outputs;
  }
  return true;
}

/** A kernel as the engine takes it, OIHW. Float32 and both kinds of halves keep their type, all others become float32. */
export async function engineKernel(tensor: Tensor, layout: Layout): Promise<EngineTensor> {
  const { dtype, shape, data } = await engineTensor(tensor);
  if (layout === 'OIHW') return { dtype, shape, data };
  const strides = rowMajorStrides(shape);
  const axes = [...'OIHW'].map((axis) => layout.indexOf(axis));
  const ordered = axes.map((axis) => shape[axis]!);
  const moved = axes.map((axis) => strides[axis]!);
  return { dtype, shape: ordered, data: await rowMajor(data, ELEMENT_BYTES[dtype], ordered, moved) };
}

/** Biases as the engine takes them. */
export async function engineVector(tensor: Tensor): Promise<EngineTensor> {
  const { dtype, shape, data } = await engineTensor(tensor);
  return { dtype, shape: [shape.reduce((product, size) => product * size, 1)], data };
}

async function engineTensor(tensor: Tensor): Promise<EngineTensor> {
  return isEngineTensor(tensor) ? tensor : asFloats(tensor);
}
