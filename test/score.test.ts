// score(): where the content, the style and pictures between them come to lie, and what it refuses.

import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import {
  ImageError,
  OptionError,
  type ScoreOptions,
  type ScumbleError,
  score,
  WeightsError,
} from '../dist/index.js';
import { network, plain, small, wave } from './support/runs.js';

const weights = await network({});
const content = wave(76, 44, 1);
const style = wave(76, 44, 2);
/** Halfway from one to the other. */
const between = { ...content, data: content.data.map((value, i) => (value + style.data[i]!) / 2) };

const given: Omit<ScoreOptions, 'picture'> = { content, style, weights, device: 'cpu', threads: 2 };

test('the content itself has no style and all of its content', async (t) => {
  const { scores, layers } = await score({ ...given, picture: content });
  const [found] = scores;
  t.deepEqual(layers.style, ['relu2_2', 'relu3_3', 'relu4_3']);
  t.deepEqual(layers.perceptual, ['relu1_2', 'relu2_2', 'relu3_3', 'relu4_3', 'relu5_3']);
  t.is(Object.keys(found!.style).length, 9);
  for (const { value, content: own, position } of Object.values(found!.style)) {
    t.is(value, own);
    t.true(value > 0);
    t.is(Math.abs(position ?? 0), 0);
  }
  t.is(found!.position.style, 0);
  t.true(Math.abs(found!.position.content! - 1) < 1e-5);
  t.is(found!.content['self-similarity']!.value, 0);
  t.true(found!.content.perceptual!.value < 1e-6);
  t.is(found!.palette.value, found!.palette.content);
  t.is(found!.faults.border, 0);
  t.deepEqual(found!.faults, found!.faultsOf.content);
});

test('the style itself is at the ceiling or above it, and has nothing of the content', async (t) => {
  const { scores } = await score({ ...given, picture: style });
  const [found] = scores;
  for (const [name, { value, position }] of Object.entries(found!.style)) {
    t.true(value < 1e-3, name);
    t.true(position === null || position >= 1, name);
  }
  t.is(found!.palette.value, 0);
  for (const { value, style: crops } of Object.values(found!.strength)) {
    t.true(Math.abs(value - 1) < 1e-12);
    t.true(Math.abs(crops - 1) < 0.2);
  }
  t.true(Math.abs(found!.position.content!) < 1e-9);
  t.true(Math.abs(found!.faults.grain - 1) < 1e-12);
});

test('pictures between are between, in the order given, each as if alone', async (t) => {
  // Of another size, so that there are two judges.
  const other = wave(68, 39, 1);
  const { scores } = await score({ ...given, picture: [between, other, content] });
  const [first, second, third] = scores;
  t.deepEqual([second!.width, second!.height], [68, 39]);
  t.true(first!.position.style! > 0 && first!.position.style! < 1.5);
  t.true(first!.position.content! > 0 && first!.position.content! < 1);
  t.is(third!.position.style, 0);
  const alone = await score({ ...given, picture: between, threads: 1 });
  t.deepEqual(alone.scores, [first!]);
});

test('how bold a picture is changes strength, not style', async (t) => {
  const pale = { ...between, data: between.data.map((value) => 128 + (value - 128) / 2) };
  const { scores } = await score({ ...given, picture: [between, pale] });
  const [bold, other] = scores;
  t.true(other!.strength.contrast!.value < 0.7 * bold!.strength.contrast!.value);
  for (const [name, { value }] of Object.entries(bold!.style)) {
    t.true(Math.abs(other!.style[name]!.value - value) < 1e-3 * (1 + value), name);
  }
});

test('nothing is placed between anchors that are the same', async (t) => {
  const { scores } = await score({ ...given, style: content, picture: between });
  t.is(scores[0]!.content.perceptual!.position, null);
  t.is(scores[0]!.position.content, null);
});

test('a size below the picture', async (t) => {
  const large = wave(152, 88, 4);
  const { scores } = await score({ ...given, picture: large, size: 76 });
  t.deepEqual([scores[0]!.width, scores[0]!.height], [76, 44]);
});

const refusals: [string, Partial<Record<keyof ScoreOptions | 'sorry', unknown>>, RegExp][] = [
  ['no picture', { picture: undefined }, /^picture is missing$/],
  ['no pictures', { picture: [] }, /^picture must be an image, or a list of at least one/],
  ['no content', { content: undefined }, /^content is missing$/],
  ['no style', { style: undefined }, /^style is missing$/],
  ['several styles', { style: [style, style] }, /^style must be a path/],
  ['a size', { size: 20 }, /^size must be an integer from 64 to 4096, not 20$/],
  ['another option', { sorry: 1 }, /^sorry is not an option of score\(\)$/],
];
for (const [name, change, message] of refusals) {
  test(`refused: ${name}`, async (t) => {
    const error = await t.throwsAsync(score({ ...given, picture: between, ...change } as ScoreOptions), {
      instanceOf: OptionError,
    });
    t.regex(error!.message, message);
  });
}

const images: [string, Partial<ScoreOptions>, string, RegExp][] = [
  ['a picture that is not there', { picture: 'nowhere.png' }, 'picture', /nowhere\.png.* does not exist/],
  ['one of several', { picture: [between, 'nowhere.png'] }, 'picture[1]', /nowhere/],
  ['a style that is none', { style: Buffer.from('no image') }, 'style', /^style: /],
  [
    'another shape',
    { picture: wave(44, 76) },
    'picture',
    /^picture is 44 × 76: it has not the shape of the content, which is 76 × 44$/,
  ],
  [
    'a small picture',
    { picture: wave(36, 21) },
    'picture',
    /^picture would be scored at 36 × 21: it needs 32 pixels/,
  ],
  ['a narrow style', { style: wave(200, 20) }, 'style', /^half of the style would be scored at 38 × 8/],
];
for (const [name, change, option, message] of images) {
  test(`refused: ${name}`, async (t) => {
    const error = await t.throwsAsync(score({ ...given, picture: between, ...change }), {
      instanceOf: ImageError,
    });
    t.is(error!.option, option);
    t.regex(error!.message, message);
  });
}

test('refused: a network without the layers', async (t) => {
  const error = await t.throwsAsync(score({ ...given, picture: between, weights: small }), {
    instanceOf: WeightsError,
  });
  t.regex(error!.message, /scores need relu3_3, relu4_3, relu3_1, which this vgg19 lacks/);
});

test('a network that ends early does without a layer of the perceptual distance, and says so', async (t) => {
  const warnings: ScumbleError[] = [];
  const short = await network({ blocks: [2, 2, 4, 4, 1] });
  const { layers, scores } = await score({
    ...given,
    picture: between,
    weights: short,
    onWarning: (warning) => warnings.push(warning),
  });
  t.deepEqual(layers.perceptual, ['relu1_2', 'relu2_2', 'relu3_3', 'relu4_3']);
  t.regex(warnings.map(({ message }) => message).join(), /^the network has no relu5_3/);
  t.true(scores[0]!.content.perceptual!.value > 0);
});

test('an abort ends it with its reason, whenever it comes', async (t) => {
  const reason = new Error('enough');
  t.is(await t.throwsAsync(score({ ...given, picture: between, signal: AbortSignal.abort(reason) })), reason);
  const stop = new AbortController();
  const running = score({ ...given, picture: between, signal: stop.signal });
  setTimeout(() => stop.abort(reason), 50);
  t.is(await t.throwsAsync(running), reason);
});

test.serial('vgg19 is taken where it is, else vgg19-slim, which is said', async (t) => {
  const { SCUMBLE_CACHE, SCUMBLE_WEIGHTS } = process.env;
  const folder = await mkdtemp(join(tmpdir(), 'scumble-score-'));
  t.teardown(async () => {
    if (SCUMBLE_CACHE === undefined) delete process.env.SCUMBLE_CACHE;
    else process.env.SCUMBLE_CACHE = SCUMBLE_CACHE;
    if (SCUMBLE_WEIGHTS !== undefined) process.env.SCUMBLE_WEIGHTS = SCUMBLE_WEIGHTS;
    await rm(folder, { recursive: true, force: true });
  });
  process.env.SCUMBLE_CACHE = folder;
  delete process.env.SCUMBLE_WEIGHTS;
  const warnings: string[] = [];
  const { weights: _, ...unsaid } = given;
  const run = () =>
    score({ ...unsaid, picture: between, onWarning: ({ message }) => warnings.push(message) });
  t.is((await run()).network, 'vgg19-slim');
  t.regex(warnings[0]!, /^scored with vgg19-slim; vgg19 tells more apart/);
  await mkdir(join(folder, 'weights'));
  await copyFile(weights, join(folder, 'weights', 'vgg19.safetensors'));
  warnings.length = 0;
  t.is((await run()).network, 'vgg19');
  t.deepEqual(warnings, []);
});

/** Whatever of a score is no number. */
function noNumbers(of: object, at = ''): string[] {
  return Object.entries(of).flatMap(([name, value]) => {
    if (typeof value === 'object' && value !== null) return noNumbers(value, `${at}${name}.`);
    return value === null || Number.isFinite(value) ? [] : [`${at}${name}`];
  });
}

test('a picture of one colour has numbers, and no error', async (t) => {
  const { scores } = await score({ ...given, picture: plain(76, 44, [120, 130, 140]) });
  t.deepEqual(noNumbers(scores[0]!), []);
  t.true(scores[0]!.strength.contrast!.value < 1e-9);
  t.true(scores[0]!.faults.grain < 1e-9);
});

test('a style without colours has no saturation to be compared with', async (t) => {
  const grey = { ...style, data: style.data.map((_, i) => style.data[i - (i % 3)]!) };
  const { scores } = await score({ ...given, style: grey, picture: between });
  const ratios = ['saturation', 'saturation-spread'];
  const expected = ratios.flatMap((name) =>
    ['value', 'content', 'style'].map((of) => `strength.${name}.${of}`),
  );
  t.deepEqual(noNumbers(scores[0]!), expected);
  t.is(scores[0]!.strength.saturation!.position, null);
  t.is(scores[0]!.faults.veil, null);
});
