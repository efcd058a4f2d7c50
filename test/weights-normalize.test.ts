// A normalised network: every channel is one in the mean, and the pictures it makes of an image differ by scale alone.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { addon, cpuBackend } from '../dist/engine/addon.js';
import { descriptionOf, layersOf } from '../dist/engine/layers.js';
import { OptionError } from '../dist/errors.js';
import { type NetworkDescription, readNetwork } from '../dist/weights/network.js';
import { normalize } from '../dist/weights/normalize.js';
import { scumble, studio } from './support/cli.js';
import { seeded, tinyNetwork, tinyNetworkFile } from './support/safetensors.js';

const folder = await mkdtemp(join(tmpdir(), 'scumble-normalize-'));
test.after.always(() => rm(folder, { recursive: true }));

function image(width: number, height: number, seed: number) {
  const uniform = seeded(seed);
  const data = Uint8Array.from({ length: width * height * 3 }, () => 256 * uniform());
  return { data, width, height, channels: 3 as const };
}

/** The mean of each channel of each ReLU. */
async function means(network: NetworkDescription, picture: ReturnType<typeof image>): Promise<number[][]> {
  const description = descriptionOf(network, network.convolutions.length);
  const engine = await addon().Network.load(await cpuBackend(), description);
  const targets = [{ image: 0, blend: 1 }];
  const terms = layersOf(network)
    .filter(({ kind }) => kind === 'relu')
    .map(({ name }) => ({ name, kind: 'mean-std', weight: 1, layers: [name], targets }));
  const options = { pooling: 'max' as const, rounding: 'floor' as const, threads: 2, terms };
  const { data, width, height } = picture;
  const found = await addon().collect([engine], {
    ...options,
    image: { data: Float32Array.from(data), width, height },
  });
  return found.map(([statistic]) => Array.from(statistic!.subarray(0, statistic!.length / 2)));
}

test('the engine gives the mean of every channel', async (t) => {
  // conv1_1 passes red through, and its second channel the bias alone: 2 where it is positive.
  const { tensors, metadata } = tinyNetwork({ architecture: 'vgg11', widths: [2], blocks: [1] });
  const kernel = new Float32Array(2 * 27);
  kernel[4] = 1;
  tensors.set('conv1_1.weight', { dtype: 'F32', shape: [2, 3, 3, 3], data: new Uint8Array(kernel.buffer) });
  const biases = new Uint8Array(Float32Array.of(0, 2).buffer);
  tensors.set('conv1_1.bias', { dtype: 'F32', shape: [2], data: biases });
  const { describeNetwork } = await import('../dist/weights/network.js');
  const network = describeNetwork({ tensors, metadata: { ...metadata, mean: '0,0,0' } }, 'test');
  const picture = image(37, 35, 1);
  const red = picture.data.filter((_, i) => i % 3 === 0);
  const expected = red.reduce((sum, value) => sum + value, 0) / red.length;
  const [[first, second]] = (await means(network, picture)) as [[number, number]];
  t.true(Math.abs(first - expected) < 1e-4 * expected);
  t.is(second, 2);
});

test('every channel is one in the mean, over one image or several', async (t) => {
  const network = await readNetwork(await tinyNetworkFile(folder, { dtype: 'F16' }));
  const pictures = [image(41, 33, 2), image(64, 50, 3)];
  const before = await Promise.all(pictures.map((picture) => means(network, picture)));
  const normalized = await normalize(network, pictures);
  const after = await Promise.all(pictures.map((picture) => means(normalized, picture)));
  const sizes = pictures.map(({ width, height }) => width * height);
  const share = sizes.map((size) => size / (sizes[0]! + sizes[1]!));
  for (const [layer, channels] of after[0]!.entries()) {
    for (const channel of channels.keys()) {
      const isDead = before.every((one) => one[layer]![channel] === 0);
      const mean = after.reduce((sum, one, i) => sum + share[i]! * one[layer]![channel]!, 0);
      t.true(isDead ? mean === 0 : Math.abs(mean - 1) < 1e-3, `layer ${layer}, channel ${channel}: ${mean}`);
    }
  }
  // The same function: on another image, every channel is what it was, times one factor.
  const other = image(48, 48, 4);
  const [was, is] = [await means(network, other), await means(normalized, other)];
  for (const [layer, channels] of was.entries()) {
    for (const [channel, value] of channels.entries()) {
      const mean = before.reduce((sum, one, i) => sum + share[i]! * one[layer]![channel]!, 0);
      const expected = mean > 0 ? value / mean : value;
      t.true(Math.abs(is[layer]![channel]! - expected) <= 1e-3 * Math.max(expected, 1e-2));
    }
  }
});

test('a channel that is never positive stays as it is', async (t) => {
  const { tensors } = tinyNetwork();
  const network = await readNetwork(await tinyNetworkFile(folder));
  const dead = Float32Array.from(new Float32Array(tensors.get('conv1_1.bias')!.data.slice().buffer));
  dead[1] = -1e6;
  const [first, ...rest] = network.convolutions;
  const bias = { dtype: 'F32' as const, shape: [4], data: new Uint8Array(dead.buffer) };
  const convolutions = [{ ...first!, bias }, ...rest];
  const normalized = await normalize({ ...network, convolutions }, [image(40, 40, 5)]);
  const floats = (data: Uint8Array) => new Float32Array(data.slice().buffer);
  t.is(floats(normalized.convolutions[0]!.bias.data)[1], -1e6);
  t.deepEqual(
    floats(normalized.convolutions[0]!.weight.data).slice(27, 54),
    floats(first!.weight.data).slice(27, 54),
  );
  t.true(floats(normalized.convolutions[1]!.weight.data).every(Number.isFinite));
});

test('refuses no images and small ones', async (t) => {
  const network = await readNetwork(await tinyNetworkFile(folder));
  await t.throwsAsync(normalize(network, []), { instanceOf: OptionError, message: /at least one image/ });
  await t.throwsAsync(normalize(network, [image(31, 40, 1)]), {
    instanceOf: OptionError,
    message: /31 × 40/,
  });
});

test('the command normalises what it imports', async (t) => {
  const place = await studio(t);
  const file = await tinyNetworkFile(place);
  const args = ['weights', 'import', file, '-o', 'n.safetensors', '--normalize', 'content.png', 'style.png'];
  const { code, stdout, stderr } = await scumble(place, args);
  t.deepEqual([code, stdout], [0, 'n.safetensors\n']);
  t.regex(stderr, /normalized {4}over 2 images/);
  t.deepEqual((await readNetwork(join(place, 'n.safetensors'))).blocks, [2, 2, 4, 4, 4]);
});
