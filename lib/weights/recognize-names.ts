// Which tensors of a file are the convolutions of a VGG, by their names, and in which order. Every library has names of
// its own for the same thirteen or sixteen layers.

import type { WeightsFormat } from './formats/index.js';
import type { Tensor, TensorFile } from './formats/tensors.js';
import type { FoundConvolution, NamingStyle } from './found.js';
import type { Architecture } from './network.js';
import { architecturesOf, outputsOf, PADDED_SPACING } from './recognize-architecture.js';
import { quote, refuse } from './refuse.js';

/** The convolutions of a file in order, and what their names say. */
export interface FoundConvolutions {
  convolutions: FoundConvolution[];
  /** Those that the convolutions may be of: the first ones of each. */
  architectures: Architecture[];
  /** What tells, for people: `by names such as block1_conv1`. */
  evidence: string;
  /** The way of naming. */
  style: NamingStyle;
  /** A convolution of 1 × 1 from three channels to three, which comes before them. */
  colours?: { weight: Tensor; bias: Tensor | undefined } | undefined;
  /** Whether the places of the convolutions leave room for layers that pad, one before each. */
  isPadded: boolean;
  /** Kernels of 3 × 3 behind the last convolution of a VGG. */
  beyond: Tensor[];
  /** What else the file has, classifiers mostly. */
  dropped: string[];
}

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
    if (found && found.length > 0) return complete(found, style, tensors, path);
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
  const kernels = placed.filter(({ tensor }) => isKernel(tensor) && !isColours(tensor));
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
  const inOrder = [...layers.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, layer]) => layer)
    .filter(
      (layer) => style === 'layers' || style === 'keras' || layer.some(({ tensor }) => isKernel(tensor)),
    );
  return afterColours(inOrder);
}

/** All but a first layer of 1 × 1. */
function afterColours(layers: Placed[][]): Placed[][] {
  return layers[0]?.some(({ tensor }) => isColours(tensor)) ? layers.slice(1) : layers;
}

/** Each kernel with the vector behind it that fits one of its sides. */
function inOrder(tensors: Map<string, Tensor>): Placed[][] {
  const all = [...tensors].map(([name, tensor], place) => ({ name, tensor, prefix: '', layer: name, place }));
  const layers: Placed[][] = [];
  for (const [at, one] of all.entries()) {
    if (!isKernel(one.tensor)) continue;
    const fits = (other: Placed | undefined) =>
      other && isVector(other.tensor) && one.tensor.shape.includes(outputsOf(other.tensor));
    const bias = [all[at + 1], all[at - 1]].find(fits);
    layers.push(bias ? [one, bias] : [one]);
  }
  return afterColours(layers);
}

function complete(
  layers: Placed[][],
  style: NamingStyle,
  tensors: Map<string, Tensor>,
  path: string,
): FoundConvolutions {
  const all = layers.map((layer) => convolutionOf(layer, path));
  const places = layers.map((layer, i) => (style === 'order' ? i : layer[0]!.place));
  const { architectures, count, spacing } = architecturesOf(style, places, all, path);
  const convolutions = all.slice(0, count);
  const used = new Set(convolutions.flatMap(({ weight, bias }) => [weight, bias]));
  const rest = [...tensors].filter(([, tensor]) => !used.has(tensor));
  const colours = coloursIn(rest, [...tensors.keys()].indexOf(convolutions[0]!.label), tensors);
  const beyond = rest.map(([, tensor]) => tensor).filter((tensor) => isKernel(tensor) && !isColours(tensor));
  const first = layers[0]![0]!;
  return {
    convolutions,
    architectures,
    evidence: style === 'order' ? 'by the order of its kernels of 3 × 3' : `by names such as ${first.name}`,
    style,
    colours,
    isPadded: spacing === PADDED_SPACING && places[0]! > (colours ? 1 : 0),
    beyond,
    dropped: rest
      .filter(([, tensor]) => tensor !== colours?.weight && tensor !== colours?.bias)
      .map(([name]) => name),
  };
}

/** The only convolution of 1 × 1 of three channels, or of several the one before the first convolution. */
function coloursIn(
  rest: [string, Tensor][],
  first: number,
  tensors: Map<string, Tensor>,
): FoundConvolutions['colours'] {
  const found = rest.filter(([, tensor]) => isColours(tensor));
  const all = [...tensors];
  const at = all.findIndex(([, tensor]) => tensor === found.at(0)?.[1]);
  if (at < 0 || (found.length > 1 && at > first)) return undefined;
  const [name, weight] = all[at]!;
  const [bias] = [all[at + 1], all[at - 1]]
    .filter((other) => other !== undefined && isVector(other[1]) && outputsOf(other[1]) === 3)
    .sort((a, b) => common(b![0], name) - common(a![0], name));
  return { weight, bias: bias?.[1] };
}

/** How many letters two names begin with alike. */
function common(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
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

function isKernel({ shape }: Tensor): boolean {
  return shape.length === 4 && shape.filter((size) => size === 3).length >= 2;
}

/** A kernel of 1 × 1 from three channels to three. It looks like one of 3 × 3 from one channel to one. */
function isColours({ shape }: Tensor): boolean {
  return shape.toSorted((a, b) => a - b).join() === '1,1,3,3';
}

function isVector({ shape }: Tensor): boolean {
  return shape.length > 0 && shape.length <= 4 && shape.filter((size) => size !== 1).length <= 1;
}
