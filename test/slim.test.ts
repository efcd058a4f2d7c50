// The embedded network as it is shipped: small, readable, and saying where it comes from.

import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { readSafetensors } from '../lib/weights/formats/safetensors.js';
import { readNetwork } from '../lib/weights/network.js';

const file = fileURLToPath(new URL('../weights/vgg19-slim.safetensors', import.meta.url));

test('the embedded network is a VGG-19 up to conv5_1, of at most 3 MB', async (t) => {
  t.true((await stat(file)).size <= 3e6);
  const { convolutions, ...rest } = await readNetwork(file);
  t.deepEqual(rest, {
    name: 'vgg19',
    blocks: [2, 2, 4, 4, 1],
    channelOrder: 'RGB',
    range: 255,
    mean: [123.68, 116.779, 103.939],
    std: [1, 1, 1],
    padding: 'zero',
  });
  for (const { name, weight, bias } of convolutions)
    t.deepEqual([weight.dtype, bias.dtype], ['F16', 'F16'], name);
});

test('the embedded network has finite numbers alone, and names its teacher and licence', async (t) => {
  const { metadata, tensors } = await readSafetensors(file);
  t.is(metadata.license, 'CC-BY-4.0');
  t.regex(metadata.source!, /VGG-19.*Simonyan/);
  for (const [name, { data }] of tensors) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < data.byteLength; at += 2) {
      if ((view.getUint16(at, true) & 0x7c00) === 0x7c00) t.fail(`${name} has a number that is not finite`);
    }
  }
});
