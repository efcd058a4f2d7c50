// Which tensors of a file are the convolutions of a VGG, by their names, and in which order. Every library has names of
// its own for the same thirteen or sixteen layers.

import type { WeightsFormat } from './formats/index.js';
import type { Tensor, TensorFile } from './formats/tensors.js';
import { ARCHITECTURES, type Architecture } from './network.js';
import { list, quote, refuse } from './refuse.js';

/** The kernels and biases of one convolution, as the file has them. */
export interface FoundConvolution {
  /** Of the file's own, to speak of it. */
  label: string;
  weight: Tensor;
  bias: Tensor;
}

/** The convolutions of a file in order, and what their names say. */
export interface FoundConvolutions {
  convolutions: FoundConvolution[];
  /** Those that the convolutions may be of: the first ones of each. */
  architectures: Architecture[];
  /** What tells, for people: `by names such as block1_conv1`. */
  evidence: string;
  /** The way of naming. */
  style: NamingStyle;
  /** What else the file has, classifiers mostly. */
  dropped: string[];
}

/**
 * `layers`: conv1_1, with block and place. `keras`: block1_conv1, likewise. `sequence`: features.0, torchvision's places
 * in a sequence, ReLUs and pools counted. `counted`: conv0, conv1 …. `order`: 3×3 kernels as the file has them.
 */
export type NamingStyle = 'layers' | 'keras' | 'sequence' | 'counted' | 'order';

/** A tensor, and where its name puts it. */
interface Placed {
  name: string;
  tensor: Tensor;
  /** What stands before the part that places it: a model within a model. */
  prefix: string;
  /** What two tensors of one layer share. */
  layer: string;
  /** Layers are in the order of this. */
  place: number;
}

const NORMALIZATION = /running_(mean|var)|moving_(mean|var)|batch_?norm|(^|[^a-z])bn\d|bn_|_gamma|\bgamma\b/i;

/** The ways of naming, the clearest first. */
const STYLES: { style: NamingStyle; pattern: RegExp; place: (match: RegExpExecArray) => number }[] = [
  {
    style: 'keras',
    pattern: /(?:^|[^a-z0-9])(block([1-5])_conv([1-4]))(?![0-9])/i,
    place: ([, , block, index]) => 10 * Number(block) + Number(index),
  },
  {
    style: 'layers',
    pattern: /(?:^|[^a-z0-9])(conv([1-5])[_-]([1-4]))(?![0-9])/i,
    place: ([, , block, index]) => 10 * Number(block) + Number(index),
  },
  {
    style: 'sequence',
    pattern: /(?:^|\.)((\d{1,4}))\.(?:weight|bias)$/,
    place: ([, , index]) => Number(index),
  },
  {
    style: 'counted',
    pattern: /(?:^|[^a-z])(conv(?:2d|olution)?_?(\d{0,4}))(?![0-9])(?!_\d)/i,
    place: ([, , index]) => Number(index || 0),
  },
];

/**
 * Finds the convolutions.
 *
 * @throws WeightsError when there are none, some lack kernels or biases, the network has batch normalisation, or two
 * networks are in the file.
 */
export function findConvolutions(
  { tensors, format }: TensorFile & { format: WeightsFormat },
  path: string,
): FoundConvolutions {
  const normalization = [...tensors.keys()].find((name) => NORMALIZATION.test(name));
  if (normalization !== undefined) {
    refuse(path, `has batch normalisation (${quote(normalization)}); only VGGs without it are supported`);
  }
  for (const { style, pattern, place } of STYLES) {
    const placed = placedBy(tensors, pattern, place);
    const found = ofStyle(style, placed, path);
    if (found) return complete(found, style, tensors, path);
  }
  const found = inOrder(tensors);
  if (found.length > 0) return complete(found, 'order', tensors, path);
  return refuse(path, `is not a VGG: none of its ${tensors.size} tensors in ${format} is a kernel of 3 × 3`);
}

function placedBy(
  tensors: Map<string, Tensor>,
  pattern: RegExp,
  place: (match: RegExpExecArray) => number,
): Placed[] {
  const placed: Placed[] = [];
  for (const [name, tensor] of tensors) {
    const match = pattern.exec(name);
    if (!match) continue;
    const start = match.index + match[0].indexOf(match[1]!);
    placed.push({ name, tensor, prefix: name.slice(0, start), layer: match[1]!, place: place(match) });
  }
  return placed;
}

/** Layers of one prefix in order; undefined if this way of naming is not the file's. */
function ofStyle(style: NamingStyle, placed: Placed[], path: string): Placed[][] | undefined {
  const kernels = placed.filter(({ tensor }) => isKernel(tensor));
  const prefixes = [...new Set(kernels.map(({ prefix }) => prefix))];
  const [prefix] = prefixes;
  if (prefix === undefined) {
    const [bare] = placed;
    const named = style === 'layers' || style === 'keras';
    if (named && bare)
      refuse(path, `has no kernels of 3 × 3 for ${quote(bare.name)}: biases alone are no network`);
    return undefined;
  }
  if (prefixes.length > 1) {
    const two = prefixes.slice(0, 2).map(quote).join(' and ');
    refuse(path, `has several networks, under ${two}: give a file with one`);
  }
  const layers = new Map<number, Placed[]>();
  for (const one of placed) {
    if (one.prefix !== prefix || !(isKernel(one.tensor) || isVector(one.tensor))) continue;
    const layer = layers.get(one.place);
    if (layer) layer.push(one);
    else layers.set(one.place, [one]);
  }
  // In a sequence, what has no kernel of 3 × 3 is the classifier's.
  return [...layers.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, layer]) => layer)
    .filter(
      (layer) => style === 'layers' || style === 'keras' || layer.some(({ tensor }) => isKernel(tensor)),
    );
}

/** Each kernel with the vector behind it that fits one of its sides. */
function inOrder(tensors: Map<string, Tensor>): Placed[][] {
  const all = [...tensors].map(([name, tensor], place) => ({ name, tensor, prefix: '', layer: name, place }));
  const layers: Placed[][] = [];
  for (const [at, one] of all.entries()) {
    if (!isKernel(one.tensor)) continue;
    const fits = (other: Placed | undefined) =>
      other && isVector(other.tensor) && one.tensor.shape.includes(lengthOf(other.tensor));
    const bias = [all[at + 1], all[at - 1]].find(fits);
    layers.push(bias ? [one, bias] : [one]);
  }
  return layers;
}

function complete(
  layers: Placed[][],
  style: NamingStyle,
  tensors: Map<string, Tensor>,
  path: string,
): FoundConvolutions {
  const convolutions = layers.map((layer) => convolutionOf(layer, path));
  const used = new Set(layers.flat().map(({ name }) => name));
  const first = layers[0]![0]!;
  const places = layers.map((layer, i) => (style === 'order' ? i : layer[0]!.place));
  return {
    convolutions,
    architectures: architecturesOf(style, places, convolutions, path),
    evidence: style === 'order' ? 'by the order of its kernels of 3 × 3' : `by names such as ${first.name}`,
    style,
    dropped: [...tensors.keys()].filter((name) => !used.has(name)),
  };
}

function convolutionOf(layer: Placed[], path: string): FoundConvolution {
  const [first] = layer as [Placed, ...Placed[]];
  const only = (what: string, found: Placed[]): Placed => {
    const [one, another] = found;
    if (!one) return refuse(path, `${quote(first.layer)} has no ${what}`);
    if (another)
      refuse(path, `${quote(first.layer)} has two ${what}: ${quote(one.name)}, ${quote(another.name)}`);
    return one;
  };
  const weight = only(
    'kernels of 3 × 3',
    layer.filter(({ tensor }) => isKernel(tensor)),
  );
  const bias = only(
    'biases',
    layer.filter(({ tensor }) => isVector(tensor)),
  );
  return { label: weight.name, weight: weight.tensor, bias: bias.tensor };
}

/** The architectures whose first convolutions these are. */
function architecturesOf(
  style: NamingStyle,
  places: number[],
  convolutions: FoundConvolution[],
  path: string,
): Architecture[] {
  const first = style === 'counted' ? places[0]! : 0; // from 0 or from 1
  const known = Object.keys(ARCHITECTURES) as Architecture[];
  let fitting = known.filter((name) => {
    const expected = placesIn(name, style);
    return places.every((place, i) => place - first === expected[i]);
  });
  if (fitting.length === 0) {
    refuse(path, `is not a VGG: none has ${places.length} convolutions at ${list(places)}`);
  }
  if (style === 'counted' || style === 'order') {
    const even = fitting.filter((name) => hasEvenBlocks(name, convolutions));
    if (even.length > 0) fitting = even; // else widths are unusual, and tell nothing
  }
  const whole = fitting.filter((name) => placesIn(name, style).length === places.length);
  return whole.length === 1 ? whole : fitting;
}

/** Whether the convolutions of each block have as many outputs as one another. */
function hasEvenBlocks(architecture: Architecture, convolutions: FoundConvolution[]): boolean {
  const blocks = ARCHITECTURES[architecture].flatMap((count, block) =>
    Array.from({ length: count }, () => block),
  );
  return convolutions.every(
    ({ bias }, i) =>
      i === 0 || blocks[i] !== blocks[i - 1] || lengthOf(bias) === lengthOf(convolutions[i - 1]!.bias),
  );
}

function placesIn(architecture: Architecture, style: NamingStyle): number[] {
  const blocks = ARCHITECTURES[architecture];
  const places: number[] = [];
  let layer = 0;
  for (const [block, count] of blocks.entries()) {
    for (let i = 1; i <= count; i++) {
      places.push(style === 'layers' || style === 'keras' ? 10 * (block + 1) + i : layer);
      layer += style === 'sequence' ? 2 : 1;
    }
    if (style === 'sequence') layer++;
  }
  return places;
}

function isKernel({ shape }: Tensor): boolean {
  return shape.length === 4 && shape.filter((size) => size === 3).length >= 2;
}

function isVector({ shape }: Tensor): boolean {
  return shape.length > 0 && shape.length <= 4 && shape.filter((size) => size !== 1).length <= 1;
}

/** Of a vector. */
function lengthOf({ shape }: Tensor): number {
  return shape.reduce((product, size) => product * size, 1);
}
