// `scumble neural-style`: jcjohnson's flags, what they become, and what is said of those that mean nothing here.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { type NeuralStyleFlags, optionsOf } from '../dist/cli/neural-style-flags.js';
import { withLongFlags } from '../dist/cli/single-dash.js';
import { withColoursOf } from '../dist/image/luminance.js';
import { OptionError, stylize } from '../dist/index.js';
import { resolveOptions } from '../dist/options/options.js';
import { scumble, studio, weightsIn } from './support/cli.js';
import { classic } from './support/runs.js';

const needed = {
  styleImage: 's.png',
  contentImage: 'c.png',
  outputImage: 'out.png',
  printIter: 50,
  saveIter: 100,
};
const optionsFor = (flags: Partial<NeuralStyleFlags>) => optionsOf({ ...needed, ...flags });

test('flags with one dash become flags with two, values stay, and so do other commands', (t) => {
  const given = 'node main.js neural-style -image_size 512 -gpu -1 -cudnn_autotune -h --help a-b_c.png'.split(
    ' ',
  );
  const wanted = 'node main.js neural-style --image-size 512 --gpu -1 --cudnn-autotune -h --help a-b_c.png';
  t.deepEqual(withLongFlags(given), wanted.split(' '));
  const other = ['node', 'main.js', 'a.png', '-size', '3'];
  t.deepEqual(withLongFlags(other), other);
});

test('without flags it is the preset', (t) => {
  const { options, ignored } = optionsFor({});
  t.deepEqual(options, { preset: 'neural-style', content: 'c.png', style: ['s.png'] });
  t.deepEqual(ignored, []);
  t.like(resolveOptions(options), { size: 512, iterations: [1000], history: 100, init: 'noise' });
});

test("flags become options, in Scumble's units", (t) => {
  const { options, ignored } = optionsFor({
    styleImage: 'a.png,b.png',
    styleBlendWeights: [3, 7],
    imageSize: 256,
    gpu: '-1',
    contentWeight: 1,
    styleWeight: 2,
    tvWeight: 0.5,
    numIterations: 10,
    init: 'image',
    optimizer: 'adam',
    learningRate: 10,
    normalizeGradients: true,
    contentLayers: { relu1_1: 1 },
    styleLayers: { relu2_1: 1 },
    styleScale: 1.5,
    originalColors: 1,
    pooling: 'avg',
    modelFile: 'own.safetensors',
    seed: 123,
  });
  t.deepEqual(ignored, []);
  t.like(resolveOptions(options), {
    styles: ['a.png', 'b.png'],
    styleBlend: [0.3, 0.7],
    size: 256,
    device: 'cpu',
    contentWeight: 1,
    styleWeight: 2,
    tvWeight: 0.5 * (256 / 255) ** 2,
    iterations: 10,
    init: 'content',
    learningRate: 10 / (256 / 255),
    normalizeGradients: true,
    contentLayers: { relu1_1: 1 },
    styleLayers: { relu2_1: 1 },
    styleScale: 1.5,
    finish: 'content-chrominance',
    pooling: 'average',
    rounding: 'floor',
    weights: 'own.safetensors',
    seed: 123,
  });
  t.is(optionsFor({ gpu: '1' }).options.device, 'cuda:1');
  t.is(optionsFor({ lbfgsNumCorrection: 20 }).options.history, 20);
  t.is(resolveOptions(optionsFor({ lbfgsNumCorrection: 0 }).options).history, 100);
  t.is(resolveOptions(optionsFor({ tvWeight: 0 }).options).tvWeight, 0);
  t.is(optionsFor({ init: 'image', initImage: 'i.png' }).options.init, 'i.png');
  t.is(optionsFor({ modelFile: 'models/VGG_ILSVRC_19_layers.caffemodel' }).options.weights, 'vgg19');
  t.throws(() => optionsFor({ modelFile: 'models/vgg_normalised.caffemodel' }), {
    instanceOf: OptionError,
    message: /^-model_file models\/vgg_normalised\.caffemodel is a Caffe model: .*scumble weights import/,
  });
});

test('flags that mean nothing here are named', (t) => {
  const { ignored } = optionsFor({
    protoFile: 'p',
    backend: 'cudnn',
    cudnnAutotune: true,
    multigpuStrategy: '3,6',
    learningRate: 3,
    seed: -1,
    initImage: 'i.png',
    gpu: '0,1',
  });
  const flags = ['proto_file', 'backend', 'cudnn_autotune', 'multigpu_strategy', 'learning_rate', 'seed'];
  t.deepEqual(
    ignored.map((sentence) => /^-(\w+)/.exec(sentence)![1]),
    [...flags, 'init_image', 'gpu'],
  );
  t.regex(
    optionsFor({ optimizer: 'adam', lbfgsNumCorrection: 3 }).ignored[0]!,
    /^-lbfgs_num_correction is ignored/,
  );
});

const luminance = (data: ArrayLike<number>, i: number) =>
  0.299 * data[i]! + 0.587 * data[i + 1]! + 0.114 * data[i + 2]!;

test("the content's colours with the picture's luminance", async (t) => {
  const colours = new Float32Array([200, 100, 50, 10, 20, 30]);
  const picture = new Float32Array([90, 90, 90, 300, -40, 128]);
  const found = await withColoursOf(colours, picture);
  t.true(Math.abs(luminance(found, 0) - 90) < 0.01);
  t.true(Math.abs(luminance(found, 3) - (0.299 * 255 + 0.114 * 128)) < 0.01, 'held to 0..255 first');
  // B - Y and R - Y are the content's.
  for (const [i, k] of [
    [0, 0],
    [0, 2],
    [3, 0],
    [3, 2],
  ] as const) {
    const wanted = colours[i + k]! - luminance(colours, i);
    t.true(Math.abs(found[i + k]! - luminance(found, i) - wanted) < 0.05);
  }
  const same = await withColoursOf(colours, colours);
  for (const [i, value] of same.entries()) t.true(Math.abs(value - colours[i]!) < 0.01);
});

test.serial('-original_colors: the picture and its previews have the colours of the content', async (t) => {
  const folder = await studio(t);
  const grey = join(folder, 'grey.png');
  await sharp(join(folder, 'content.png')).greyscale().toColourspace('srgb').png().toFile(grey);
  const picture = await stylize({
    content: grey,
    style: join(folder, 'style.png'),
    weights: await weightsIn(folder),
    ...classic,
    contentLayers: ['relu1_1'],
    styleLayers: ['relu1_1'],
    scales: 1,
    size: 48,
    iterations: 3,
    finish: 'content-chrominance',
  });
  for (let i = 0; i < picture.data.length; i += 3) {
    t.true(Math.abs(picture.data[i]! - picture.data[i + 1]!) < 0.05);
    t.true(Math.abs(picture.data[i]! - picture.data[i + 2]!) < 0.05);
  }
});

test.serial('the command: mistakes name its flags as they are typed', async (t) => {
  const folder = await studio(t);
  const run = (args: string) => scumble(folder, ['neural-style', ...args.split(' ')]);
  const inputs = '-style_image style.png -content_image content.png';
  const mistakes: [args: string, message: RegExp][] = [
    ['-style_image style.png', /^scumble: required option '-content_image <file>' not specified/],
    [`${inputs} -image_size 5x`, /^scumble: option '-image_size <pixels>' argument '5x' is invalid/],
    [`${inputs} -pooling l2`, /^scumble: option '-pooling <kind>' argument 'l2' is invalid/],
    [`${inputs} -imagesize 5`, /^scumble: unknown option '-imagesize'/],
    [`${inputs} -gpu all`, /^scumble: option '-gpu <number>' argument 'all' is invalid/],
  ];
  for (const [args, message] of mistakes) {
    const { code, stderr } = await run(args);
    t.is(code, 2, args);
    t.regex(stderr, message);
  }
  const model = await weightsIn(folder);
  const { code, stderr } = await run(`${inputs} -model_file ${model} -gpu -1 -backend nn`);
  t.is(code, 2);
  t.regex(
    stderr,
    /^scumble: -backend is ignored: .*\nscumble: weights: the preset neural-style needs a vgg19/,
  );
  t.false(existsSync(join(folder, 'out.png')));
});
