// Makes a VGG of a tensor file: which architecture it is, what input it was trained on, and its convolutions in
// order, each checked to chain with the one before, so that the engine can take the description on faith.

import { type Dense, isDense, readClassifier } from './classifier.js';
import { encodeSafetensors, readSafetensors, tensorNames } from './formats/safetensors.js';
import { type EngineTensor, isEngineTensor, type Tensor, type TensorFile } from './formats/tensors.js';
import { quote, refuse } from './refuse.js';

/** Convolutions per block: configurations A, B, D and E of Simonyan & Zisserman (2014). */
export const ARCHITECTURES = {
  vgg11: [1, 1, 2, 2, 2],
  vgg13: [2, 2, 2, 2, 2],
  vgg16: [2, 2, 3, 3, 3],
  vgg19: [2, 2, 4, 4, 4],
};

const MAX_CHANNELS = 8192;

/** The networks that Scumble knows. */
export type Architecture = keyof typeof ARCHITECTURES;

/** One 3×3 convolution: `weight` is [outputs, inputs, 3, 3], `bias` [outputs]. */
export interface Convolution {
  name: string;
  inputs: number;
  outputs: number;
  weight: EngineTensor;
  bias: EngineTensor;
}

/** A VGG, or the first part of one, of any channel widths. */
export interface NetworkDescription {
  name: Architecture;
  /** Convolutions per block that the file has: [2, 2, 4, 4, 4] for a whole vgg19, [2, 2, 1] for one up to conv3_1. */
  blocks: number[];
  channelOrder: 'RGB' | 'BGR';
  /** Pixels 0..255 are multiplied by range / 255 before the mean is subtracted: 255 or 1. */
  range: number;
  /** Per channel, in the network's channel order, in units of `range`. */
  mean: [number, number, number];
  /** What the input is divided by after the mean is subtracted; order and units as in `mean`. */
  std: [number, number, number];
  /** What surrounds the image for the first convolution; all others pad with zeros. */
  padding: 'zero' | 'replicate';
  /** conv1_1, conv1_2, conv2_1 …: the first has 3 inputs, each other as many as the one before has outputs. */
  convolutions: Convolution[];
  /** fc6, fc7 and fc8, where the file has them and they were asked for. */
  classifier?: Dense[];
}

/**
 * Reads and checks a network. Tensors are named `convB_I.weight` and `convB_I.bias`, those of a classifier `fc6.weight` and
 * so on; any others are ignored. Metadata:
 * `architecture` (needed unless the file has exactly all convolutions of one), `mean`, and optionally `std` (1,1,1),
 * `input` ('RGB, 0..255, minus mean': RGB or BGR, 0..255 or 0..1, then at will 'minus mean, divided by std'), `padding`
 * ('zero') and `widths` (channels per block, checked).
 *
 * @param classifier whether the classifier, if there is one, is read too
 * @throws WeightsError when the file cannot be read or is not such a network.
 */
export async function readNetwork(
  path: string,
  { classifier = false }: { classifier?: boolean } = {},
): Promise<NetworkDescription> {
  const wanted = (name: string) => name.startsWith('conv') || (classifier && isDense(name));
  return describeNetwork(await readSafetensors(path, wanted), path);
}

/** Whether a file of Scumble's has a classifier; only its header is read. @throws WeightsError */
export async function hasClassifier(path: string): Promise<boolean> {
  return (await tensorNames(path)).some(isDense);
}

/**
 * readNetwork() for what has been read from `path`.
 *
 * @throws WeightsError when it is not such a network.
 */
export function describeNetwork(file: TensorFile, path: string): NetworkDescription {
  const present = convolutionsIn(file);
  if (!present.has('conv1_1')) refuse(path, 'is not a VGG: it has no conv1_1');
  const name = architectureOf(file, present, path);
  const names = prefixOf(name, present, path);
  const convolutions: Convolution[] = [];
  for (const name of names) {
    convolutions.push(readConvolution(name, convolutions.at(-1)?.outputs ?? 3, file, path));
  }
  checkWidths(convolutions, file.metadata.widths, path);
  const classifier = readClassifier(file.tensors, convolutions.at(-1)!.outputs, path);
  const last = convolutionNames(name).at(-1)!;
  if (classifier && names.length < convolutionNames(name).length) {
    refuse(path, `has a classifier, but not the convolutions before it up to ${last}`);
  }
  return {
    name,
    blocks: countBlocks(names),
    ...parseInput(file.metadata.input, path),
    mean: parseTriple('mean', file.metadata.mean, path),
    std: parseStd(file.metadata.std, path),
    padding: parsePadding(file.metadata.padding, path),
    convolutions,
    ...(classifier && { classifier }),
  };
}

/** A safetensors file that readNetwork() makes `network` of, in pieces. */
export function encodeNetwork(network: NetworkDescription): Uint8Array[] {
  const { name, channelOrder, range, mean, std, padding, convolutions, classifier = [] } = network;
  const tensors = [...convolutions, ...classifier].flatMap(
    ({ name, weight, bias }): [string, EngineTensor][] => [
      [`${name}.weight`, weight],
      [`${name}.bias`, bias],
    ],
  );
  const input = `${channelOrder}, 0..${range}, minus mean, divided by std`;
  return encodeSafetensors(tensors, {
    architecture: name,
    input,
    mean: mean.join(),
    std: std.join(),
    padding,
  });
}

function convolutionsIn({ tensors }: TensorFile): Set<string> {
  const names = new Set<string>();
  for (const tensor of tensors.keys()) {
    const name = /^(conv\d+_\d+)\.(?:weight|bias)$/.exec(tensor)?.[1];
    if (name !== undefined) names.add(name);
  }
  return names;
}

/** The names of all convolutions of a whole network. */
export function convolutionNames(architecture: Architecture): string[] {
  return ARCHITECTURES[architecture].flatMap((count, block) =>
    Array.from({ length: count }, (_, i) => `conv${block + 1}_${i + 1}`),
  );
}

function architectureOf({ metadata }: TensorFile, present: Set<string>, path: string): Architecture {
  const known = Object.keys(ARCHITECTURES) as Architecture[];
  const { architecture } = metadata;
  const found = known.find((name) => {
    if (architecture !== undefined) return name === architecture;
    const names = convolutionNames(name);
    return names.length === present.size && names.every((convolution) => present.has(convolution));
  });
  if (found !== undefined) return found;
  if (architecture !== undefined) {
    refuse(path, `metadata architecture ${quote(architecture)} is not one of ${known.join(', ')}`);
  }
  refuse(path, `metadata architecture is required: no whole ${known.join(', ')} has these convolutions`);
}

/** The convolutions that are present, once they are known to be the first ones of the architecture. */
function prefixOf(architecture: Architecture, present: Set<string>, path: string): string[] {
  const names = convolutionNames(architecture);
  const missing = names.find((name) => !present.has(name));
  const prefix = missing === undefined ? names : names.slice(0, names.indexOf(missing));
  const extra = [...present].find((name) => !prefix.includes(name));
  if (extra === undefined) return prefix;
  if (names.includes(extra)) refuse(path, `${missing} is missing, but ${extra} is there`);
  refuse(path, `${quote(extra)} is not part of ${architecture}, which ends at ${names.at(-1)}`);
}

function readConvolution(name: string, inputs: number, { tensors }: TensorFile, path: string): Convolution {
  const weight = engineTensor(`${name}.weight`, tensors, path);
  const bias = engineTensor(`${name}.bias`, tensors, path);
  const outputs = weight.shape[0] ?? 0;
  if (weight.shape.length !== 4 || weight.shape[2] !== 3 || weight.shape[3] !== 3) {
    refuse(path, `${name}.weight has shape ${quote(weight.shape)}, not [outputs, inputs, 3, 3]`);
  }
  if (outputs < 1 || outputs > MAX_CHANNELS) {
    refuse(path, `${name}.weight has ${outputs} output channels; allowed are 1 to ${MAX_CHANNELS}`);
  }
  if (weight.shape[1] !== inputs) {
    refuse(path, `${name}.weight takes ${weight.shape[1]} channels, but the layer before gives ${inputs}`);
  }
  if (bias.shape.length !== 1 || bias.shape[0] !== outputs) {
    refuse(path, `${name}.bias has shape ${quote(bias.shape)}, but ${name}.weight needs [${outputs}]`);
  }
  return { name, inputs, outputs, weight, bias };
}

function engineTensor(name: string, tensors: Map<string, Tensor>, path: string): EngineTensor {
  const tensor = tensors.get(name) ?? refuse(path, `${name} is missing`);
  if (!isEngineTensor(tensor)) {
    refuse(path, `${name} has dtype ${tensor.dtype}; a network has F32, F16 and BF16`);
  }
  return tensor;
}

function countBlocks(names: string[]): number[] {
  const blocks: number[] = [];
  for (const name of names) {
    const block = blockIndex(name);
    blocks[block] = (blocks[block] ?? 0) + 1;
  }
  return blocks;
}

/** 2 for conv3_1. */
function blockIndex(name: string): number {
  return Number(name[4]) - 1;
}

function checkWidths(convolutions: Convolution[], text: string | undefined, path: string): void {
  if (text === undefined) return;
  const widths = text.split(',').map(Number);
  const blocks = countBlocks(convolutions.map(({ name }) => name));
  if (widths.length !== blocks.length) {
    refuse(path, `metadata widths ${quote(text)} should be ${blocks.length} numbers, one for each block`);
  }
  for (const { name, outputs } of convolutions) {
    if (widths[blockIndex(name)] !== outputs) {
      refuse(path, `metadata widths ${quote(text)} do not fit ${name}, which has ${outputs} outputs`);
    }
  }
}

function parseInput(
  text = 'RGB, 0..255, minus mean',
  path: string,
): Pick<NetworkDescription, 'channelOrder' | 'range'> {
  const match = /^(RGB|BGR), *0\.\.(255|1)(?:, *minus mean(?:, *divided by std)?)?$/.exec(text);
  if (!match) refuse(path, `metadata input ${quote(text)} is not understood; an example is 'RGB, 0..255'`);
  return { channelOrder: match[1] as 'RGB' | 'BGR', range: Number(match[2]) };
}

function parseTriple(key: string, text: string | undefined, path: string): [number, number, number] {
  if (text === undefined) refuse(path, `metadata ${key} is required`);
  const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (values.length !== 3 || !values.every(Number.isFinite)) {
    refuse(path, `metadata ${key} ${quote(text)} is not three finite numbers`);
  }
  return values as [number, number, number];
}

function parseStd(text = '1,1,1', path: string): [number, number, number] {
  const std = parseTriple('std', text, path);
  if (std.some((value) => value <= 0)) refuse(path, `metadata std ${quote(text)} must be positive`);
  return std;
}

function parsePadding(text = 'zero', path: string): 'zero' | 'replicate' {
  if (text !== 'zero' && text !== 'replicate') {
    refuse(path, `metadata padding ${quote(text)} is neither 'zero' nor 'replicate'`);
  }
  return text;
}
