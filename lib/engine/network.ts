// From a weights file to what the engine is told: the layers that the losses look at, and no convolution behind the
// deepest of them.

import { OptionError } from '../errors.js';
import type { ResolvedOptions } from '../options/options.js';
import { layerNames, type NetworkDescription } from '../weights/network.js';
import type { EngineNetworkDescription } from './addon.js';

type Layers = Pick<ResolvedOptions, 'contentLayers' | 'styleLayers' | 'rounding'>;

/** @throws OptionError for a layer that the network does not have. */
export function engineNetwork(network: NetworkDescription, options: Layers): EngineNetworkDescription {
  const names = layerNames(network);
  let deepest = 0;
  for (const option of ['contentLayers', 'styleLayers'] as const) {
    for (const layer of Object.keys(options[option])) {
      const at = names.indexOf(layer);
      if (at < 0) {
        throw new OptionError(
          option,
          layer,
          `${option} names ${layer}, but this ${network.name} has ${names.join(' ')}`,
        );
      }
      deepest = Math.max(deepest, at);
    }
  }
  const used = names.slice(0, deepest + 1).filter((name) => name.startsWith('conv')).length;
  return {
    channelOrder: network.channelOrder,
    range: network.range,
    mean: network.mean,
    std: network.std,
    padding: network.padding,
    convolutions: network.convolutions.slice(0, used).map(({ name, ...conv }) => {
      const [block, index] = name.slice('conv'.length).split('_').map(Number);
      return { block: block!, index: index!, ...conv };
    }),
  };
}

/** The shortest side that leaves a pixel at the deepest layer: rounding up always leaves one. */
export function smallestSide(
  network: NetworkDescription,
  { contentLayers, styleLayers, rounding }: Layers,
): number {
  if (rounding === 'ceil') return 1;
  const names = layerNames(network);
  const deepest = Math.max(
    ...Object.keys({ ...contentLayers, ...styleLayers }).map((name) => names.indexOf(name)),
  );
  return 2 ** names.slice(0, deepest + 1).filter((name) => name.startsWith('pool')).length;
}

/** The network's mean colour, RGB in 0..255. */
export function meanColour({ mean, range, channelOrder }: NetworkDescription): number[] {
  const colour = mean.map((value) => (value * 255) / range);
  return channelOrder === 'BGR' ? colour.reverse() : colour;
}
