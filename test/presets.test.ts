// Presets and files of options: what results, and what is refused before any work.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { OptionError, type StylizeOptions, stylize } from '../dist/index.js';
import { readOptions, resultingOptions } from '../dist/options/file.js';
import { checkNetwork } from '../dist/options/needs.js';
import { resolveOptions } from '../dist/options/options.js';
import { presetNames, presetOf } from '../dist/options/presets.js';
import { longSides } from '../dist/run/scales.js';
import { scheduleOf } from '../dist/run/schedule.js';
import { scumble, studio, weightsIn } from './support/cli.js';
import { classic, collect, small as network, options } from './support/runs.js';

const WEIGHTS: Record<string, string> = {
  'relaxed-emd': 'relaxedEmdWeight',
  moments: 'momentsWeight',
  palette: 'paletteWeight',
  'self-similarity': 'selfSimilarityWeight',
};
const classicless = { ...classic, contentWeight: 0, styleWeight: 0, tvWeight: 0 };

// None of these files exists: whatever looks for one fails with another error than the one expected.
const missing = { content: '/nowhere/content.png', style: '/nowhere/style.png' };
const resolved = (given: Partial<StylizeOptions>) => resolveOptions({ ...missing, ...given });

async function folderOf(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'scumble-presets-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function refused(t: ExecutionContext, given: Partial<StylizeOptions>, option: string, message: RegExp) {
  const error = await t.throwsAsync(stylize({ ...missing, ...given }), {
    instanceOf: OptionError,
    code: 'ERR_OPTION',
    message,
  });
  t.is(error?.option, option);
}

for (const name of presetNames()) {
  test(`${name}: is a preset, and what it forbids and notes are options that it sets`, (t) => {
    const preset = presetOf(name);
    t.is(preset.name, name);
    const options = resolved({ preset: name });
    t.is(options.preset, name);
    for (const variant of Object.keys(preset.variants)) t.true(variant in options, variant);
    const set = [
      ...Object.keys(preset.options),
      ...Object.values(preset.variants).flatMap((values) => Object.values(values).flatMap(Object.keys)),
    ];
    for (const option of Object.keys(preset.forbids)) t.true(option in preset.options, option);
    for (const option of Object.keys(preset.notes)) t.true(set.includes(option), option);
    const { needs } = preset;
    if (needs) t.is(preset.options.weights, needs.such);
  });
}

/** The stages of a preset at some sizes. */
const stagesOf = (preset: string, sizes: number[]) => scheduleOf(resolved({ preset }), sizes);

test("strotss: at each scale its terms sum to the paper's total", async (t) => {
  const stages = stagesOf('strotss', [64, 128, 256, 512]);
  const { scaleFactor, minSize } = resolved({ preset: 'strotss' });
  t.deepEqual(longSides(512, minSize, 64, scaleFactor), [64, 128, 256, 512]);
  const small = { weights: network, hypercolumns: ['picture', 'relu1_1', 'relu2_1'], size: 24 };
  const sampled = { samples: 40, styleSamples: 70, finish: 'none' } as const;
  const losses = async (weights: Partial<StylizeOptions>) =>
    (
      await collect(stylize(options({ ...classicless, ...small, ...sampled, iterations: 1, ...weights })))
    )[0]!;
  const names = ['relaxed-emd', 'moments', 'palette', 'self-similarity'] as const;
  const plain = await losses(Object.fromEntries(names.map((name) => [WEIGHTS[name], 1])));
  for (const [i, alpha] of [16, 8, 4, 2].entries()) {
    const { terms, optimizer, iterations } = stages[i]!;
    t.deepEqual(
      terms.map(({ name }) => name),
      [...names],
    );
    t.deepEqual([optimizer.learningRate / 255, iterations], [i === 3 ? 0.001 : 0.002, 250]);
    const { total } = await losses(
      Object.fromEntries(terms.map(({ name, weight }) => [WEIGHTS[name], weight])),
    );
    const [emd, moments, palette, self] = names.map((name) => plain.losses[name]!) as [
      number,
      number,
      number,
      number,
    ];
    const wanted = (alpha * self + emd + moments + palette / Math.max(alpha, 1)) / (alpha + 2);
    t.true(Math.abs(total / wanted - 1) < 1e-6, `${total}, not ${wanted}`);
  }
});

test('nnst: a field of neighbours at each scale, then those of each layer over the largest', (t) => {
  for (const sizes of [[64, 128], [64, 128, 256, 512], [512]]) {
    const stages = stagesOf('nnst', sizes);
    t.deepEqual(
      stages.map(({ size, iterations }) => [size, iterations]),
      [...sizes, sizes.at(-1)!].map((size) => [size, 200]),
    );
    for (const { terms } of stages.slice(0, -1))
      t.deepEqual(
        terms.map(({ kind, weight }) => [kind, weight]),
        [['nearest-field', 1]],
      );
    const last = stages.at(-1)!.terms;
    t.is(last.length, 10);
    t.true(
      last.every(
        ({ kind, weight, parameters }) => kind === 'nearest' && weight === 1 && parameters!.occurrence === 0,
      ),
    );
  }
});

test('what is given overrides a preset, and a preset overrides defaults', (t) => {
  t.like(resolved({}), { tvKind: 'squared', contentWeight: 50, history: 10 });
  t.like(resolved({ preset: 'neural-style' }), { tvKind: 'gradient', inputRange: 256, history: 100 });
  t.like(resolved({ preset: 'neural-style', history: 7, size: 100 }), { history: 7, size: 100, scales: 1 });
  t.is(
    resolved({ preset: 'neural-style', history: undefined } as unknown as Partial<StylizeOptions>).history,
    100,
  );
});

test("variants follow another option's value, and what is given overrides them too", (t) => {
  t.like(resolved({ preset: 'neural-style' }), { rounding: 'ceil', learningRate: 1 });
  t.is(resolved({ preset: 'neural-style', pooling: 'average' }).rounding, 'floor');
  t.is(resolved({ preset: 'neural-style', optimizer: 'adam' }).learningRate, (10 * 255) / 256);
  t.is(resolved({ preset: 'neural-style', optimizer: 'adam', learningRate: 3 }).learningRate, 3);
});

test('an unknown preset is refused with what there are', async (t) => {
  const names = presetNames().join(', ');
  await refused(t, { preset: 'monet' }, 'preset', new RegExp(`^preset must be ${names} or .*, not "monet"$`));
  await refused(t, { preset: '' }, 'preset', /^preset must be a name or a path, not ""$/);
  await refused(t, { preset: 5 as unknown as string }, 'preset', /^preset must be a name or a path, not 5$/);
});

test('an unknown statistic is refused with what there are', async (t) => {
  const wrong = { statistic: 'entropy' } as unknown as Partial<StylizeOptions>;
  await refused(t, wrong, 'statistic', /^statistic must be gram, .* or .*, not "entropy"$/);
});

test('an override that a preset forbids is refused with why; its own value is none', async (t) => {
  const given: Partial<StylizeOptions> = { preset: 'gatys', statistic: 'mean-std' };
  await refused(t, given, 'statistic', /^statistic is fixed by the preset gatys: it is .*Gram/);
  t.is(resolved({ preset: 'gatys', statistic: 'gram' }).statistic, 'gram');
});

test('a preset may be a file', async (t) => {
  const folder = await folderOf(t);
  const own = join(folder, 'own.json');
  const write = (content: object | string) =>
    writeFile(own, typeof content === 'string' ? content : JSON.stringify(content));
  const good = { version: 1, about: 'mine', sources: ['me'], options: { tvWeight: 3 } };
  await write(good);
  t.is(resolved({ preset: own }).tvWeight, 3);
  const wrong: [content: object | string, message: RegExp][] = [
    ['{', /^preset .*own\.json is not JSON: /],
    ['null', /^preset .*own\.json is no preset: /],
    [{ ...good, version: 2 }, /own\.json is of version 2: this Scumble reads version 1$/],
    [{ ...good, sources: [] }, /own\.json is no preset: sources: /],
    [{ ...good, colour: 1 }, /own\.json is no preset: .*colour/],
    [{ ...good, options: { tvWeigth: 3 } }, /own\.json: tvWeigth is not an option of stylize\(\)$/],
    [{ ...good, options: { tvWeight: -3 } }, /own\.json: tvWeight must be .*, not -3$/],
    [{ ...good, options: { content: 'a.png' } }, /own\.json: content is not an option/],
    [
      { ...good, variants: { pooling: { max: { tvWeight: 'x' } } } },
      /own\.json: tvWeight must be .*, not "x"$/,
    ],
  ];
  for (const [content, message] of wrong) {
    await write(content);
    await refused(t, { preset: own }, 'preset', message);
  }
  await refused(
    t,
    { preset: join(folder, 'no.json') },
    'preset',
    /no\.json cannot be read: there is no such file$/,
  );
});

test('a network that a preset cannot use is refused with what it needs, before the images are read', async (t) => {
  const folder = await folderOf(t);
  const weights = await weightsIn(folder);
  const wanted =
    /^weights: the preset neural-style needs a vgg19 of 64, .* channels, fed 0\.\.255, such as vgg19; this one .* channels/;
  await refused(t, { preset: 'neural-style', weights }, 'weights', wanted);
  const widths = [64, 128, 256];
  const convolutions = widths.map((outputs, i) => ({ name: `conv${i + 1}_1`, outputs }));
  const check = (preset: string | undefined, range: number, name: 'vgg16' | 'vgg19' = 'vgg19') =>
    checkNetwork({ preset, weights: 'file' }, { name, convolutions, range });
  t.notThrows(() => check('neural-style', 255));
  t.notThrows(() => check('crowsonkb', 1));
  t.notThrows(() => check(undefined, 1, 'vgg16'));
  t.throws(() => check('neural-style', 1), { instanceOf: OptionError, message: /; this one is fed 0\.\.1$/ });
  t.throws(() => check('crowsonkb', 1, 'vgg16'), { message: /; this one is a vgg16$/ });
});

test('options that result are a file that results in the same', async (t) => {
  const folder = await folderOf(t);
  const file = join(folder, 'options.json');
  const given: StylizeOptions = {
    ...missing,
    style: ['a.png', 'b.png'],
    styleBlend: [3, 1],
    preset: 'neural-style-pt',
    optimizer: 'adam',
    seed: 7,
  };
  const saved = resultingOptions(given);
  t.is(saved.version, 1);
  t.like(saved.options, {
    content: missing.content,
    style: given.style,
    seed: 7,
    learningRate: 1,
    scales: 1,
  });
  for (const name of ['threads', 'download', 'onProgress']) t.false(name in saved.options, name);
  await writeFile(file, JSON.stringify(saved));
  const again = readOptions(file);
  t.deepEqual(resultingOptions(again), saved);
  t.deepEqual(JSON.stringify(resolveOptions(again)), JSON.stringify(resolveOptions(given)));
  t.is(resolveOptions({ ...again, size: 99 }).size, 99);
  const inMemory = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 as const };
  t.throws(() => resultingOptions({ ...missing, content: inMemory }), {
    instanceOf: OptionError,
    message: 'content is in memory: only the path of a file can be saved',
  });
});

test('a file of options that is of a later version, or has an unknown key, is refused', async (t) => {
  const file = join(await folderOf(t), 'options.json');
  const saved = resultingOptions(missing);
  const wrong: [content: object, message: RegExp][] = [
    [{ ...saved, version: 2 }, /options\.json is of version 2: this Scumble reads version 1$/],
    [{ options: {} }, /options\.json is no file of options: it has no version and options$/],
    [{ ...saved, options: { ...saved.options, sise: 3 } }, /options\.json: sise is not an option/],
    [{ ...saved, options: { ...saved.options, size: 0 } }, /options\.json: size must be .*, not 0$/],
    [{ ...saved, options: { ...saved.options, preset: 'monet' } }, /^preset must be .*, not "monet"$/],
  ];
  for (const [content, message] of wrong) {
    await writeFile(file, JSON.stringify(content));
    t.throws(() => readOptions(file), { instanceOf: OptionError, message });
  }
});

test.serial('the command lists presets, prints options, and runs by a file of them', async (t) => {
  const folder = await studio(t);
  const weights = await weightsIn(folder);
  const list = await scumble(folder, ['presets']);
  t.is(list.code, 0);
  for (const name of presetNames()) t.true(list.stdout.includes(`${name} `), name);
  const all = JSON.parse((await scumble(folder, ['presets', '--json'])).stdout) as { name: string }[];
  t.deepEqual(
    all.map(({ name }) => name),
    presetNames(),
  );
  t.is(JSON.parse((await scumble(folder, ['presets', 'show', 'gatys'])).stdout).name, 'gatys');
  const unknown = await scumble(folder, ['presets', 'show', 'monet']);
  t.is(unknown.code, 2);
  t.regex(unknown.stderr, /^scumble: preset must be .*gatys.*, not "monet"\n$/);

  const flags =
    '--size 32 --iterations 2 --scales 1 --clamp --content-layers relu1_1 --style-weight 1,...,2 --style-layers relu1_1';
  const printed = await scumble(folder, [
    'content.png',
    'style.png',
    ...flags.split(' '),
    '--weights',
    weights,
    '--print-options',
  ]);
  t.deepEqual([printed.code, printed.stderr], [0, '']);
  await writeFile(join(folder, 'options.json'), printed.stdout);
  t.like(JSON.parse(printed.stdout).options, {
    content: 'content.png',
    style: ['style.png'],
    size: 32,
    clamp: true,
    styleWeight: [1, '...', 2],
  });
  const file = ['--options', 'options.json'];
  const without = JSON.parse((await scumble(folder, [...file, '--no-clamp', '--print-options'])).stdout);
  t.false(without.options.clamp);
  const drafted = JSON.parse(
    (await scumble(folder, [...file, '--quality', 'draft', '--print-options'])).stdout,
  );
  t.is(drafted.options.quality, 'draft', 'in place of the iterations in the file');
  t.is(drafted.options.iterations, undefined);
  const one = await scumble(folder, ['content.png', 'style.png', ...flags.split(' '), '--weights', weights]);
  t.is(one.code, 0, one.stderr);
  const other = await scumble(folder, [...file, '-o', 'again.png']);
  t.is(other.code, 0, other.stderr);
  t.deepEqual(await readFile(join(folder, 'again.png')), await readFile(join(folder, 'out.png')));
  const both = await scumble(folder, [...file, '--preset', 'gatys']);
  t.is(both.code, 2);
  t.regex(both.stderr, /^scumble: --preset does not go with --options/);
});
