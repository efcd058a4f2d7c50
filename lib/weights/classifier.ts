// The classifier of a network, as Scumble's files keep it: three dense layers behind the last pool, the first of which
// sees a square of its positions. They are six times as large as all convolutions and style transfer has no use for
// them, so they come last in a file, in halves, and are read only where they are asked for.

import { type EngineTensor, isEngineTensor, type Tensor } from './formats/tensors.js';
import { quote, refuse } from './refuse.js';

/** One layer: `weight` is [outputs, inputs, window, window], as a convolution's, `bias` [outputs]. */
export interface Dense {
  name: string;
  inputs: number;
  /** Positions that the layer sees across, and down. */
  window: number;
  outputs: number;
  weight: EngineTensor;
  bias: EngineTensor;
}

/** As the engine calls them. */
export const DENSE_NAMES = ['fc6', 'fc7', 'fc8'];

/** What the engine takes. */
const MAX_WINDOW = 64;
const MAX_OUTPUTS = 2 ** 17;

/** Networks of the catalogue that have a classifier, to be recommended. */
export const ADVICE =
  'vgg19-imagenet and vgg16-imagenet have one ("scumble weights pull vgg19-imagenet" gets it), and "scumble weights import --classifier" keeps the one of another file';

export const isDense = (name: string) => /^fc[678]\.(?:weight|bias)$/.test(name);

/**
 * The classifier in a file of Scumble's, if it has one.
 *
 * @param inputs channels that the last convolution gives
 * @throws WeightsError when it is not whole, or does not go on where the convolutions end
 */
export function readClassifier(
  tensors: ReadonlyMap<string, Tensor>,
  inputs: number,
  path: string,
): Dense[] | undefined {
  if (![...tensors.keys()].some(isDense)) return undefined;
  const layers: Dense[] = [];
  for (const name of DENSE_NAMES) {
    layers.push(readLayer(name, layers.at(-1)?.outputs ?? inputs, tensors, path));
  }
  return layers;
}

function readLayer(name: string, inputs: number, tensors: ReadonlyMap<string, Tensor>, path: string): Dense {
  const tensor = (role: string): EngineTensor => {
    const found = tensors.get(`${name}.${role}`) ?? refuse(path, `${name}.${role} is missing`);
    if (isEngineTensor(found)) return found;
    return refuse(path, `${name}.${role} has dtype ${found.dtype}; a network has F32, F16 and BF16`);
  };
  const weight = tensor('weight');
  const bias = tensor('bias');
  const [outputs = 0, channels, window = 0, other] = weight.shape;
  if (weight.shape.length !== 4 || window !== other || window < 1 || window > MAX_WINDOW) {
    refuse(path, `${name}.weight has shape ${quote(weight.shape)}, not [outputs, inputs, window, window]`);
  }
  if (outputs < 1 || outputs > MAX_OUTPUTS) {
    refuse(path, `${name}.weight has ${outputs} outputs; allowed are 1 to ${MAX_OUTPUTS}`);
  }
  if (channels !== inputs) {
    refuse(path, `${name}.weight takes ${channels} channels, but the layer before gives ${inputs}`);
  }
  if (bias.shape.length !== 1 || bias.shape[0] !== outputs) {
    refuse(path, `${name}.bias has shape ${quote(bias.shape)}, but ${name}.weight needs [${outputs}]`);
  }
  return { name, inputs, window, outputs, weight, bias };
}
