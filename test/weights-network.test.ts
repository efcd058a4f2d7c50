// From tensors to a network: real files and tiny ones are described correctly, and what does not chain is refused.

import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { layersOf } from '../dist/engine/layers.js';
import { WeightsError } from '../dist/errors.js';
import type { Tensor } from '../dist/weights/formats/tensors.js';
import {
  ARCHITECTURES,
  type Architecture,
  type NetworkDescription,
  readNetwork,
} from '../dist/weights/network.js';
import { encodeSafetensors, type TinyNetwork, tinyNetwork, tinyNetworkFile } from './support/safetensors.js';

const folder = await mkdtemp(join(tmpdir(), 'scumble-network-'));
test.after.always(() => rm(folder, { recursive: true }));

const layerNames = (network: NetworkDescription) => layersOf(network).map(({ name }) => name);

let files = 0;
/** A tiny network's file after `change`. */
async function changed(
  options: TinyNetwork,
  change: (tensors: Map<string, Tensor>, metadata: Record<string, string>) => void,
): Promise<string> {
  const { tensors, metadata } = tinyNetwork(options);
  change(tensors, metadata);
  const path = join(folder, `${files++}.safetensors`);
  await writeFile(path, encodeSafetensors(tensors, metadata));
  return path;
}

function zeros(...shape: number[]): Tensor {
  return {
    dtype: 'F16',
    shape,
    data: new Uint8Array(2 * shape.reduce((product, size) => product * size, 1)),
  };
}

async function refused(t: ExecutionContext, path: string, message: RegExp): Promise<void> {
  const error = await t.throwsAsync(readNetwork(path), {
    instanceOf: WeightsError,
    code: 'ERR_WEIGHTS',
    message,
  });
  t.is(error?.file, path);
  t.true(error?.message.startsWith(`${path}: `));
}

/** The first three blocks of a VGG-19, of widths 2, 3, 4, with some tensors replaced or, if undefined, removed. */
function refusesTensors(title: string, changes: Record<string, Tensor | undefined>, message: RegExp): void {
  test(`refuses ${title}`, async (t) => {
    const path = await changed({ widths: [2, 3, 4], blocks: [2, 2, 4] }, (tensors, metadata) => {
      delete metadata.widths;
      for (const [name, tensor] of Object.entries(changes)) {
        if (tensor) tensors.set(name, tensor);
        else tensors.delete(name);
      }
    });
    await refused(t, path, message);
  });
}

function refusesMetadata(metadata: Record<string, string>, message: RegExp): void {
  test(`refuses metadata ${JSON.stringify(metadata)}`, async (t) => {
    await refused(t, await tinyNetworkFile(folder, { widths: [2, 3], blocks: [2, 2], metadata }), message);
  });
}

for (const architecture of Object.keys(ARCHITECTURES) as Architecture[]) {
  test(`describes a whole ${architecture}, named or not`, async (t) => {
    const widths = [2, 3, 4, 5, 6];
    const named = await readNetwork(await tinyNetworkFile(folder, { architecture, widths }));
    const inferred = await changed({ architecture, widths }, (_, metadata) => delete metadata.architecture);
    t.deepEqual(await readNetwork(inferred), named);
    const { convolutions, ...rest } = named;
    t.deepEqual(rest, {
      name: architecture,
      blocks: ARCHITECTURES[architecture],
      channelOrder: 'RGB',
      range: 255,
      mean: [123.68, 116.779, 103.939],
      std: [1, 1, 1],
      padding: 'zero',
    });
    let inputs = 3;
    for (const { name, outputs, ...convolution } of convolutions) {
      t.is(convolution.inputs, inputs, name);
      t.is(outputs, widths[Number(name[4]) - 1]!, name);
      inputs = outputs;
    }
    t.is(layerNames(named).at(-1), 'pool5');
    t.deepEqual(
      layerNames(named).filter((layer) => layer.startsWith('conv')),
      convolutions.map(({ name }) => name),
    );
  });
}

for (const dtype of ['F32', 'F16', 'BF16'] as const) {
  test(`hands over ${dtype} tensors as they are stored`, async (t) => {
    const options: TinyNetwork = { widths: [2, 3], blocks: [2, 1], dtype, seed: 7 };
    const { tensors } = tinyNetwork(options);
    const { convolutions } = await readNetwork(await tinyNetworkFile(folder, options));
    t.deepEqual(
      convolutions.map(({ name }) => name),
      ['conv1_1', 'conv1_2', 'conv2_1'],
    );
    for (const { name, weight, bias } of convolutions) {
      t.is(weight.dtype, dtype);
      t.deepEqual(weight, tensors.get(`${name}.weight`));
      t.deepEqual(bias, tensors.get(`${name}.bias`));
    }
  });
}

test('a prefix ends in a pool only where its last block is complete', async (t) => {
  const layers = async (architecture: Architecture, blocks: number[]) => {
    const description = await readNetwork(await tinyNetworkFile(folder, { architecture, blocks }));
    t.deepEqual(description.blocks, blocks);
    return layerNames(description).join(' ');
  };
  t.is(await layers('vgg19', [1]), 'conv1_1 relu1_1');
  t.is(await layers('vgg11', [1]), 'conv1_1 relu1_1 pool1');
  t.is(
    await layers('vgg16', [2, 2, 1]),
    'conv1_1 relu1_1 conv1_2 relu1_2 pool1 conv2_1 relu2_1 conv2_2 relu2_2 pool2 conv3_1 relu3_1',
  );
  t.regex(await layers('vgg16', [2, 2, 3]), /conv3_3 relu3_3 pool3$/);
  t.regex(await layers('vgg19', [2, 2, 3]), /conv3_3 relu3_3$/);
});

test('widths may differ within a block when the metadata does not say otherwise', async (t) => {
  const path = await changed({ widths: [2], blocks: [2] }, (tensors, metadata) => {
    delete metadata.widths;
    tensors.set('conv1_2.weight', zeros(7, 2, 3, 3)).set('conv1_2.bias', zeros(7));
  });
  t.deepEqual(
    (await readNetwork(path)).convolutions.map(({ outputs }) => outputs),
    [2, 7],
  );
});

test('ignores tensors that are not convolutions', async (t) => {
  const path = await changed({ blocks: [1] }, (tensors) => {
    tensors.set('fc6.weight', zeros(5, 5)).set('conv1_2.momentum', zeros(1));
  });
  t.deepEqual((await readNetwork(path)).blocks, [1]);
});

test('reads the input that the network was trained on', async (t) => {
  const input = async (metadata: Record<string, string>) => {
    const { channelOrder, range, mean, std, padding } = await readNetwork(
      await tinyNetworkFile(folder, { blocks: [1], metadata }),
    );
    return { channelOrder, range, mean, std, padding };
  };
  t.deepEqual(
    await input({
      input: 'RGB, 0..1, minus mean, divided by std',
      mean: '0.485, 0.456, 0.406',
      std: '0.229, 0.224, 0.225',
      padding: 'replicate',
    }),
    {
      channelOrder: 'RGB',
      range: 1,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      padding: 'replicate',
    },
  );
  t.is((await input({ input: 'BGR,0..255' })).channelOrder, 'BGR');
  const bare = await changed({ blocks: [1] }, (_, metadata) => {
    delete metadata.input;
    delete metadata.std;
  });
  const { channelOrder, range, std } = await readNetwork(bare);
  t.deepEqual({ channelOrder, range, std }, { channelOrder: 'RGB', range: 255, std: [1, 1, 1] });
});

for (const { file, blocks, widths, dtype } of [
  { file: 'vgg19', blocks: [2, 2, 4, 4, 4], widths: [64, 128, 256, 512, 512], dtype: 'F32' },
  { file: 'vgg19-slim-trial', blocks: [2, 2, 4, 4, 1], widths: [16, 32, 64, 128, 128], dtype: 'F16' },
]) {
  test(`describes ${file}.safetensors`, async (t) => {
    const path = fileURLToPath(new URL(`../../shared/weights/${file}.safetensors`, import.meta.url));
    if (!existsSync(path)) {
      t.log(`skipped: ${file}.safetensors is not here`);
      t.pass();
      return;
    }
    const { convolutions, ...rest } = await readNetwork(path);
    t.deepEqual(rest, {
      name: 'vgg19',
      blocks,
      channelOrder: 'RGB',
      range: 255,
      mean: [123.68, 116.779, 103.939],
      std: [1, 1, 1],
      padding: 'zero',
    });
    t.deepEqual(
      convolutions.map(({ outputs }) => outputs),
      blocks.flatMap((count, block) => Array<number>(count).fill(widths[block]!)),
    );
    t.is(convolutions[1]?.weight.dtype as string, dtype);
    t.is(convolutions.at(-1)?.bias.data.byteLength, widths.at(-1)! * 4);
  });
}

test('refuses a file without a VGG', async (t) => {
  const path = await changed({}, (tensors) => tensors.clear());
  await refused(t, path, /is not a VGG: it has no conv1_1/);
});

test('refuses a prefix that does not say of what', async (t) => {
  const path = await changed({ blocks: [2, 2, 2] }, (_, metadata) => delete metadata.architecture);
  await refused(t, path, /metadata architecture is required/);
});

refusesTensors('a missing start', { 'conv1_1.weight': undefined, 'conv1_1.bias': undefined }, /no conv1_1/);
refusesTensors(
  'a missing middle',
  { 'conv2_2.weight': undefined, 'conv2_2.bias': undefined },
  /conv2_2 is missing, but conv3_1 is there/,
);
refusesTensors('a missing weight', { 'conv2_2.weight': undefined }, /conv2_2\.weight is missing/);
refusesTensors('a missing bias', { 'conv3_4.bias': undefined }, /conv3_4\.bias is missing/);
refusesTensors(
  'one convolution too many',
  { 'conv3_5.weight': zeros(4, 4, 3, 3) },
  /'conv3_5' is not part of vgg19/,
);
refusesTensors('a sixth block', { 'conv6_1.bias': zeros(4) }, /'conv6_1' is not part of vgg19/);
refusesTensors('a name with a leading zero', { 'conv1_01.bias': zeros(4) }, /'conv1_01' is not part/);
refusesTensors(
  'four input channels',
  { 'conv1_1.weight': zeros(2, 4, 3, 3) },
  /conv1_1\.weight takes 4 channels, but the layer before gives 3/,
);
refusesTensors(
  'a broken chain',
  { 'conv3_1.weight': zeros(4, 5, 3, 3) },
  /conv3_1\.weight takes 5 channels, but the layer before gives 3/,
);
refusesTensors(
  'a 5×5 kernel',
  { 'conv2_1.weight': zeros(3, 2, 5, 5) },
  /conv2_1\.weight has shape \[3, 2, 5, 5\]/,
);
refusesTensors(
  'a 3×1 kernel',
  { 'conv2_1.weight': zeros(3, 2, 3, 1) },
  /conv2_1\.weight has shape \[3, 2, 3, 1\]/,
);
refusesTensors('a flat kernel', { 'conv2_1.weight': zeros(54) }, /conv2_1\.weight has shape \[54\]/);
refusesTensors(
  'no channels',
  { 'conv1_1.weight': zeros(0, 3, 3, 3) },
  /conv1_1\.weight has 0 output channels/,
);
refusesTensors(
  'too many channels',
  { 'conv1_1.weight': zeros(8193, 3, 3, 3) },
  /conv1_1\.weight has 8193 output channels; allowed are 1 to 8192/,
);
refusesTensors(
  'a bias of another length',
  { 'conv2_1.bias': zeros(4) },
  /conv2_1\.bias has shape \[4\].* needs \[3\]/,
);
refusesTensors(
  'a bias of two dimensions',
  { 'conv2_1.bias': zeros(3, 1) },
  /conv2_1\.bias has shape \[3, 1\]/,
);

refusesMetadata(
  { architecture: 'resnet50' },
  /architecture 'resnet50' is not one of vgg11, vgg13, vgg16, vgg19/,
);
refusesMetadata({ architecture: 'constructor' }, /architecture 'constructor' is not one of/);
refusesMetadata({ architecture: 'vgg11' }, /'conv1_2' is not part of vgg11, which ends at conv5_2/);
refusesMetadata({ widths: '2,4' }, /widths '2,4' do not fit conv2_1, which has 3 outputs/);
refusesMetadata({ widths: '2,3,4' }, /widths '2,3,4' should be 2 numbers/);
refusesMetadata({ widths: 'wide,r' }, /widths 'wide,r' do not fit conv1_1/);
refusesMetadata({ input: '' }, /input '' is not understood/);
refusesMetadata({ input: 'YUV, 0..255' }, /input 'YUV, 0\.\.255' is not understood/);
refusesMetadata({ input: 'RGB, 0..127' }, /input 'RGB, 0\.\.127' is not understood/);
refusesMetadata({ input: 'RGB, 0..255, plus mean' }, /input .* is not understood/);
refusesMetadata({ mean: '123.68,116.779' }, /mean '123\.68,116\.779' is not three finite numbers/);
refusesMetadata({ mean: '1,,3' }, /mean '1,,3' is not three finite numbers/);
refusesMetadata({ mean: '1,2,Infinity' }, /mean '1,2,Infinity' is not three finite numbers/);
refusesMetadata({ std: '1,one,1' }, /std '1,one,1' is not three finite numbers/);
refusesMetadata({ std: '1,0,1' }, /std '1,0,1' must be positive/);
refusesMetadata({ std: '1,1,-1' }, /std '1,1,-1' must be positive/);
refusesMetadata({ padding: 'mirror' }, /padding 'mirror' is neither 'zero' nor 'replicate'/);

test('refuses a network that does not give its mean', async (t) => {
  const path = await changed({ blocks: [1] }, (_, metadata) => delete metadata.mean);
  await refused(t, path, /metadata mean is required/);
});
