// Writes a network with random weights: the layers of VGG-19 at a quarter of the widths, He-initialised. Its Gram
// matrices already know colours and small strokes (Ustyuzhaninov et al. 2016, "Texture synthesis using shallow
// convolutional networks with random filters"), so the examples run before trained weights are at hand.
//
//     node examples/random-network.mjs FILE [SEED]
import { writeFileSync } from 'node:fs';
import { encodeSafetensors } from '../dist/weights/formats/safetensors.js';
import { makeRandom } from './drawing/random.mjs';

const BLOCKS = [2, 2, 4, 4, 1];
const WIDTHS = [16, 32, 64, 128, 128];

const [file, seed = '7'] = process.argv.slice(2);
if (!file) {
  console.error('usage: node examples/random-network.mjs FILE [SEED]');
  process.exit(2);
}

const random = makeRandom(Number(seed));
const tensor = (shape, deviation) => {
  const values = Float32Array.from(
    { length: shape.reduce((a, b) => a * b) },
    () => deviation * random.normal(),
  );
  return { dtype: 'F32', shape, data: new Uint8Array(values.buffer) };
};
const tensors = [];
let inputs = 3;
for (const [block, count] of BLOCKS.entries()) {
  const outputs = WIDTHS[block];
  for (let index = 1; index <= count; index++) {
    const name = `conv${block + 1}_${index}`;
    tensors.push([`${name}.weight`, tensor([outputs, inputs, 3, 3], Math.sqrt(2 / (9 * inputs)))]);
    tensors.push([`${name}.bias`, tensor([outputs], 0)]);
    inputs = outputs;
  }
}
const metadata = {
  architecture: 'vgg19',
  widths: WIDTHS.join(),
  input: 'RGB, 0..255, minus mean',
  mean: '123.68,116.779,103.939',
};
writeFileSync(file, encodeSafetensors(tensors, metadata));
