// A network with random weights: what a VGG's architecture alone makes of pictures (Ustyuzhaninov et al. 2016, "Texture
// synthesis using shallow convolutional networks with random filters"). Only sums, products and square roots go into
// it, which every machine rounds alike: a seed names the same bytes everywhere.

import type { EngineTensor } from './formats/tensors.js';
import { ARCHITECTURES, type Architecture } from './network.js';
import { inTurns } from './turns.js';

/** Channels of VGG's blocks. */
const WIDTHS = [64, 128, 256, 512, 512];

/**
 * The tensors of a whole VGG, in order, and what they expect to see. Kernels are uniform with the variance that keeps
 * the scale of activations through a ReLU (He et al. 2015), biases are 0.
 *
 * @param seed 1..2^32 - 1
 */
export async function randomNetwork(
  architecture: Architecture,
  seed: number,
  signal?: AbortSignal,
): Promise<{ tensors: [string, EngineTensor][]; metadata: Record<string, string> }> {
  const next = uniform(seed);
  const tensors: [string, EngineTensor][] = [];
  let inputs = 3;
  for (const [block, count] of ARCHITECTURES[architecture].entries()) {
    const outputs = WIDTHS[block]!;
    for (let index = 1; index <= count; index++) {
      signal?.throwIfAborted();
      const name = `conv${block + 1}_${index}`;
      const kernels = new DataView(new ArrayBuffer(4 * 9 * outputs * inputs));
      const bound = Math.sqrt(6 / (9 * inputs));
      await inTurns(kernels.byteLength / 4, (start, end) => {
        for (let i = start; i < end; i++) kernels.setFloat32(4 * i, bound * next(), true);
      });
      const weight = new Uint8Array(kernels.buffer);
      tensors.push([`${name}.weight`, { dtype: 'F32', shape: [outputs, inputs, 3, 3], data: weight }]);
      tensors.push([`${name}.bias`, { dtype: 'F32', shape: [outputs], data: new Uint8Array(4 * outputs) }]);
      inputs = outputs;
    }
  }
  const metadata = { architecture, input: 'RGB, 0..255, minus mean', mean: '123.68,116.779,103.939' };
  return { tensors, metadata };
}

/** Numbers in [-1, 1), by xorshift32 (Marsaglia 2003). */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}
