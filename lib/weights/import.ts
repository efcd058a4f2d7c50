// From a file of any format and any library to a network that the engine takes: read, recognise, convert, and check as
// readNetwork() does. What was recognised, and by what, is part of the answer, to be shown before it is used.

import { OptionError, WeightsError } from '../errors.js';
import { ADVICE } from './classifier.js';
import { coloursOf, foldColours } from './fold-colours.js';
import { readWeights, type WeightsFormat } from './formats/index.js';
import type { EngineTensor, Tensor, TensorFile } from './formats/tensors.js';
import {
  ARCHITECTURES,
  type Architecture,
  convolutionNames,
  describeNetwork,
  type NetworkDescription,
} from './network.js';
import { outputsOf } from './recognize-architecture.js';
import { FLATTENS, type Flatten, type FoundClassifier, findClassifier } from './recognize-classifier.js';
import { inputNamed, inputOf } from './recognize-input.js';
import { engineKernel, engineVector, LAYOUTS, type Layout, layoutOf } from './recognize-layout.js';
import { type FoundConvolutions, findConvolutions } from './recognize-names.js';
import { otherNetwork } from './recognize-other.js';
import { list, quote, refuse } from './refuse.js';

/** Strides, paddings and the like, which some formats keep among the weights: not worth a word when they are dropped. */
const SMALL_BYTES = 40;

/** What the file does not tell. */
export interface ImportOptions {
  /** What the network is fed: a name of INPUTS, or of a program that has such networks. */
  input?: string;
  /** Needed for the first part of a network that several begin with. */
  architecture?: Architecture;
  /** Of the kernels. */
  layout?: Layout;
  /** Whether the classifier is kept, for recognize(). Default false: style transfer has no use for it. */
  classifier?: boolean;
  /** Of what the first layer of the classifier sees. */
  flatten?: Flatten;
}

/** A network, and how it was recognised. */
export interface Imported {
  network: NetworkDescription;
  format: WeightsFormat;
  layout: Layout;
  /** For people: what each of these was told by. */
  evidence: { architecture: string; layout: string; input: string; classifier?: string };
  /** Tensors that were left out: classifiers, mostly. */
  dropped: string[];
  /** For people: what else was done with the file, or could not be, a sentence each. */
  notes: string[];
}

/**
 * Reads the network in a file of any format that Scumble knows.
 *
 * @throws WeightsError when the file cannot be read, is broken or has no VGG; OptionError when it can be understood in
 *   several ways and the options do not say which.
 */
export async function importNetwork(path: string, options: ImportOptions = {}): Promise<Imported> {
  const wanted = options.input === undefined ? undefined : inputNamed(options.input);
  checkChoice('architecture', options.architecture, Object.keys(ARCHITECTURES));
  checkChoice('layout', options.layout, LAYOUTS);
  checkChoice('flatten', options.flatten, FLATTENS);
  const file = await readWeights(path);
  if (isOwn(file)) return importOwn(file, path, options.classifier === true);
  const { found, layout, evidence } = recognize(file, options, path);
  const architecture = choose(found.architectures, options.architecture, path);
  const tensors = new Map<string, Tensor>();
  const names = convolutionNames(architecture);
  for (const [i, { weight, bias }] of found.convolutions.entries()) {
    tensors.set(`${names[i]}.weight`, await engineKernel(weight, layout));
    tensors.set(`${names[i]}.bias`, await engineVector(bias));
  }
  const first = {
    weight: tensors.get('conv1_1.weight') as EngineTensor,
    bias: tensors.get('conv1_1.bias') as EngineTensor,
  };
  const { colours } = found;
  const beyond = found.beyond.map(({ shape }) => shape[layout.indexOf('O')]!);
  const fed = colours
    ? foldColours(coloursOf(colours.weight, colours.bias, layout), first, wanted, path)
    : {
        ...first,
        ...inputOf(path, wanted, { ...file, ...found, ...first, architecture, beyond }),
        note: undefined,
      };
  tensors.set('conv1_1.weight', fed.weight);
  tensors.set('conv1_1.bias', fed.bias);
  const { input } = fed;
  const classifier = options.classifier ? await classifierOf(file, found, layout, options, path) : undefined;
  for (const { name, weight, bias } of classifier?.layers ?? []) {
    tensors.set(`${name}.weight`, weight);
    tensors.set(`${name}.bias`, bias);
  }
  const metadata = {
    architecture,
    input: `${input.channelOrder}, 0..${input.range}, minus mean, divided by std`,
    mean: input.mean.join(),
    std: input.std.join(),
    padding: file.padding === 'replicate' ? file.padding : 'zero',
  };
  return {
    network: describeNetwork({ metadata, tensors }, path),
    format: file.format,
    layout,
    evidence: {
      architecture: found.evidence,
      layout: evidence,
      input: fed.evidence,
      ...(classifier && { classifier: classifier.evidence }),
    },
    dropped: found.dropped
      .filter((name) => !classifier?.names.includes(name))
      .filter((name) => file.tensors.get(name)!.data.length >= SMALL_BYTES),
    notes: [fed.note, paddingNote(file.padding, found.isPadded), passedOver(file)].filter(
      (note) => note !== undefined,
    ),
  };
}

async function classifierOf(
  file: TensorFile & { format: WeightsFormat },
  { convolutions, dropped }: FoundConvolutions,
  layout: Layout,
  { flatten }: ImportOptions,
  path: string,
): Promise<FoundClassifier> {
  const rest = dropped.map((name): [string, Tensor] => [name, file.tensors.get(name)!]);
  const inputs = outputsOf(convolutions.at(-1)!.bias);
  return findClassifier(rest, inputs, { layout, format: file.format, path }, flatten);
}

/** The convolutions of a VGG and how they lie. */
function recognize(file: TensorFile & { format: WeightsFormat }, options: ImportOptions, path: string) {
  try {
    const found = findConvolutions(file, path);
    return { found, ...layoutOf(found.convolutions, file.format, options.layout, path) };
  } catch (cause) {
    const other = cause instanceof WeightsError ? otherNetwork(file.tensors) : undefined;
    if (other !== undefined) refuse(path, `is not a VGG but ${other}`, { cause });
    throw cause;
  }
}

/** What is done where a network pads otherwise than with zeros, which changes its features near the border. */
function paddingNote(padding: string | undefined, hasPlaces: boolean): string | undefined {
  if (padding === undefined && !hasPlaces) return undefined;
  const how =
    padding === undefined
      ? 'seem to pad by reflection (a layer stands before each)'
      : `pad by ${PADDINGS[padding] ?? shown(padding)}`;
  const here =
    padding === 'replicate'
      ? '; here only conv1_1 does so, and all others pad'
      : ', which Scumble does not: here they pad';
  return `its convolutions ${how}${here} with zeros, so that features near the border differ`;
}

const PADDINGS: Record<string, string> = { reflect: 'reflection', replicate: 'replication' };

/** Whether it says of itself what it is, as Scumble's files do. */
function isOwn({ format, metadata, tensors }: TensorFile & { format: WeightsFormat }): boolean {
  return format === 'safetensors' && metadata.mean !== undefined && tensors.has('conv1_1.weight');
}

function importOwn(file: TensorFile, path: string, keepsClassifier: boolean): Imported {
  const { classifier, ...rest } = describeNetwork(file, path);
  if (keepsClassifier && !classifier) refuse(path, `has no classifier: ${ADVICE}`);
  const network: NetworkDescription = keepsClassifier && classifier ? { ...rest, classifier } : rest;
  const own = 'by its metadata';
  const layers = [...network.convolutions, ...(network.classifier ?? [])];
  const used = new Set(layers.flatMap(({ name }) => [`${name}.weight`, `${name}.bias`]));
  return {
    network,
    format: 'safetensors',
    layout: 'OIHW',
    evidence: { architecture: own, layout: own, input: own, ...(network.classifier && { classifier: own }) },
    dropped: [...file.tensors.keys()].filter((name) => !used.has(name)),
    notes: [],
  };
}

/** What Python would have made beside the tensors. */
function passedOver({ passedOver = [] }: TensorFile): string | undefined {
  if (passedOver.length === 0) return undefined;
  return `objects of Python were passed over, and no code was run: ${list(passedOver, shown, 3)}`;
}

/** A name that a file chose. */
function shown(name: string): string {
  return quote(name).slice(1, -1);
}

function choose(possible: Architecture[], wanted: Architecture | undefined, path: string): Architecture {
  const [only, another] = possible as [Architecture, ...Architecture[]];
  if (wanted === undefined && another === undefined) return only;
  if (wanted !== undefined && possible.includes(wanted)) return wanted;
  const list = possible.join(' and ');
  const problem =
    wanted === undefined
      ? `architecture is needed: ${list} all begin as ${path} does`
      : `${path} is not ${wanted}, but ${list}`;
  throw new OptionError('architecture', wanted, problem);
}

function checkChoice(option: string, value: string | undefined, choices: readonly string[]): void {
  if (value === undefined || choices.includes(value)) return;
  throw new OptionError(option, value, `${option} must be one of ${choices.join(', ')}, not "${value}"`);
}
