// From a weights file to what the engine is told: which layers there are, which of them a run needs, and no convolution
// behind the deepest. What layers a network has is the engine's own knowledge.

import { OptionError } from '../errors.js';
import type { LossTerm } from '../options/terms.js';
import { ARCHITECTURES, type NetworkDescription } from '../weights/network.js';
import { addon, type EngineArchitecture, type EngineLayer, type EngineNetworkDescription } from './addon.js';

/** A network without what it has learnt. */
export type NetworkShape = Omit<NetworkDescription, 'convolutions'> & {
  convolutions: Omit<NetworkDescription['convolutions'][number], 'weight' | 'bias'>[];
};

/** All layers in order: conv1_1, relu1_1 …, pool1, conv2_1 …. A block that is there in part does not end in a pool. */
export function layersOf(network: NetworkShape): EngineLayer[] {
  return addon().layers(architectureOf(network, network.convolutions.length));
}

/** The first convolutions of a network, as many as `count`. */
export function architectureOf(network: NetworkShape, count: number): EngineArchitecture {
  const { channelOrder, range, mean, std, padding } = network;
  const convolutions = network.convolutions.slice(0, count).map(({ name, ...convolution }) => {
    const [block, index] = name.slice('conv'.length).split('_').map(Number);
    return { block: block!, index: index!, ...convolution };
  });
  const last = convolutions.at(-1);
  const whole = last !== undefined && ARCHITECTURES[network.name][last.block - 1] === last.index;
  return { channelOrder, range, mean, std, padding, whole, convolutions };
}

/** The same with weights. */
export function descriptionOf(network: NetworkDescription, count: number): EngineNetworkDescription {
  return architectureOf(network, count) as EngineNetworkDescription;
}

/** The whole of it, with its classifier. */
export function classifierOf(network: NetworkDescription): EngineNetworkDescription {
  const dense = (network.classifier ?? []).map(({ name, ...layer }) => layer);
  return { ...descriptionOf(network, network.convolutions.length), dense };
}

/** Among a term's layers: the picture itself. */
const PICTURE = 'picture';

/**
 * How much of a network some terms need: the convolutions up to the deepest layer, and the shortest side that leaves a
 * pixel there. Rounding up always leaves one.
 *
 * @throws OptionError for a layer that the network does not have
 */
export function needsOf(
  network: NetworkShape,
  terms: readonly Pick<LossTerm, 'layers' | 'option'>[],
  rounding: 'floor' | 'ceil',
): { convolutions: number; side: number } {
  const layers = layersOf(network);
  const needs = { convolutions: 1, side: 1 };
  const wanted = terms.flatMap(({ layers = [], option = 'terms' }) =>
    layers.map((layer) => ({ layer, option })),
  );
  for (const { layer, option } of wanted) {
    if (layer === PICTURE) continue;
    const found = layers.find(({ name }) => name === layer);
    if (!found) {
      const names = layers.map(({ name }) => name).join(' ');
      throw new OptionError(option, layer, `${option} names ${layer}, but this ${network.name} has ${names}`);
    }
    needs.convolutions = Math.max(needs.convolutions, found.convolutions);
    if (rounding === 'floor') needs.side = Math.max(needs.side, found.stride);
  }
  return needs;
}

/** The network's mean colour, RGB in 0..255. */
export function meanColour({ mean, range, channelOrder }: NetworkShape): number[] {
  const colour = mean.map((value) => (value * 255) / range);
  return channelOrder === 'BGR' ? colour.reverse() : colour;
}
