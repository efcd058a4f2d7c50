// What the command says before it works: help, version, and every mistake that can be made in typing it.

import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Command } from 'commander';
import { flagged } from '../dist/cli/flag-names.js';
import { formatClock, formatLoss, formatTime } from '../dist/cli/format.js';
import { framePath } from '../dist/cli/output.js';
import { parseLayers, parseNumber, parseNumbers } from '../dist/cli/parse.js';
import { addStylizeFlags } from '../dist/cli/stylize-flags.js';
import { OptionError } from '../dist/errors.js';
import { resolveOptions } from '../dist/options/options.js';
import { ended, scumble, start, studio, weightsIn } from './support/cli.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));

test('--help fits in 80 columns, on stdout', async (t) => {
  const { code, stdout, stderr } = await scumble('.', ['--help']);
  t.is(code, 0);
  t.is(stderr, '');
  t.regex(
    stdout,
    /^Usage: scumble <content> <style\.\.\.> \[options\]\n {7}scumble resume .*\n {7}scumble estimate .*\n {7}scumble score .*\n {7}scumble explore .*\n {7}scumble inspect .*\n {7}scumble plot .*\n {7}scumble weights .*\n {7}scumble presets .*\n {7}scumble neural-style .*\n {7}scumble devices\n {7}scumble doctor\n {7}scumble build\n/,
  );
  t.deepEqual(
    stdout.split('\n').filter((line) => line.length > 80),
    [],
  );
});

const SWITCHES = ['normalizeGradients', 'startDetail', 'keepSmallStyles', 'wholeSteps', 'clamp'];
const BY_CASE = ['quality', 'beta2', 'samples', 'styleSamples', 'inputRange'];
const NOT_QUOTED = [
  'threads',
  'styleBlend',
  'linear',
  'weights',
  'download',
  'learningRate',
  'scaleFactor',
  'precision',
  ...SWITCHES,
  ...BY_CASE,
];
test('the help quotes the defaults of the API', (t) => {
  const program = new Command();
  addStylizeFlags(program, version);
  const defaults: Record<string, unknown> = {
    ...resolveOptions({ content: 'a', style: 'b', weights: 'c' }),
  };
  let compared = 0;
  for (const option of program.options) {
    const name = option.attributeName();
    const quoted = /\(default:\s([^)]*)\)/.exec(option.description)?.[1];
    if (!(name in defaults) || NOT_QUOTED.includes(name)) continue;
    t.truthy(quoted, name);
    t.deepEqual(option.parseArg ? option.parseArg(quoted!, undefined) : quoted, defaults[name], name);
    compared++;
  }
  t.is(compared, 52);
  for (const flag of ['mean-std-weight', 'mean-std-layers', 'histogram-weight', 'histogram-layers']) {
    t.true(
      program.options.some(({ long }) => long === `--${flag}`),
      flag,
    );
  }
});

// A copy of the package in which only what reads flags and options can be found: no sharp, no addon.
test('help, version and build need neither the addon nor other packages', async (t) => {
  const folder = await studio(t);
  await cp(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
  await cp(join(ROOT, 'package.json'), join(folder, 'package.json'));
  await cp(join(ROOT, 'weights'), join(folder, 'weights'), { recursive: true });
  await mkdir(join(folder, 'native'));
  await mkdir(join(folder, 'node_modules'));
  const link = (name: string) =>
    symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  await link('commander');
  await link('zod');
  const build = (body: string) =>
    writeFile(join(folder, 'native', 'build.mjs'), `export function build() { ${body} }`);
  const run = (...args: string[]) => ended(start(folder, ['dist/cli/main.js', ...args]));

  t.deepEqual(await run('--version'), { code: 0, stdout: `${version}\n`, stderr: '' });
  t.is((await run('--help')).code, 0);
  await build("console.error('building'); return 7;");
  t.deepEqual(await run('build'), { code: 7, stdout: '', stderr: 'building\n' });
  await build('return 0;');
  t.deepEqual(await run('build'), { code: 0, stdout: '', stderr: '' });
  await build("throw new Error('no compiler');");
  t.deepEqual(await run('build'), { code: 1, stdout: '', stderr: 'scumble: no compiler\n' });

  for (const name of ['env-paths', 'is-safe-filename']) await link(name);
  const missing = await run('content.png', 'style.png', '--weights', await weightsIn(folder));
  t.is(missing.code, 1);
  t.regex(missing.stderr, /^scumble: scumble has no native engine .*\n.*"npx scumble build".*\n$/);
});

const MISTAKES: [args: string, code: number, message: RegExp][] = [
  ['', 2, /missing required argument 'content'/],
  ['content.png', 2, /missing required argument 'style'/],
  ['build now', 2, /too many arguments/],
  ['content.png style.png --sise 3', 2, /unknown option '--sise' \(Did you mean --size\?\)/],
  ['content.png style.png --size 12abc', 2, /--size.*'12abc'.*number/],
  ['content.png style.png --size=', 2, /--size.*''.*number/],
  ['content.png style.png --tv-weight NaN', 2, /--tv-weight.*'NaN'.*number/],
  ['content.png style.png --seed 0x10', 2, /--seed.*'0x10'.*number/],
  ['content.png style.png --seed 1e999', 2, /--seed.*'1e999'.*number/],
  ['content.png style.png --tv-weight -1', 2, /--tv-weight must be .*, not -1/],
  ['content.png style.png --size 1.5', 2, /--size must be .*, not 1\.5/],
  ['content.png style.png --beta1 1', 2, /--beta1 must be .*, not 1/],
  ['content.png style.png --optimizer sgd', 2, /--optimizer must be .*, not "sgd"/],
  ['content.png style.png --style-blend 1,2', 2, /--style-blend has 2 weights for 1/],
  ['content.png style.png --style-blend 1,x', 2, /--style-blend.*'1,x'.*"x"/],
  ['content.png style.png --content-layers relu9_9', 2, /--content-layers names relu9_9/],
  [
    'content.png style.png --style-layers relu1_1',
    2,
    /--style-layers does nothing while --style-weight is 0/,
  ],
  ['content.png style.png --content-layers relu1_1:-2', 2, /--content-layers\[relu1_1\] must be .*, not -2/],
  ['content.png style.png --content-layers relu1_1:', 2, /--content-layers.*'relu1_1:'/],
  ['content.png style.png --content-layers relu1_1,relu1_1:2', 2, /--content-layers.*names relu1_1 twice/],
  ['content.png style.png --save-every 0', 2, /--save-every.*'0'.*whole number/],
  ['content.png style.png --save-every 2.5', 2, /--save-every.*'2\.5'.*whole number/],
  [
    `content.png style.png --save-every 5 -o ${'n'.repeat(250)}.png`,
    1,
    /cannot write ".*n_\d+\.png".*too long/,
  ],
  [
    'content.png style.png --content-weight 0 --wasserstein-weight 0 --relaxed-emd-weight 0 --palette-weight 0 --tv-weight 0',
    2,
    /all weights of losses are 0, so there is nothing to paint/,
  ],
  ['content.png style.png --progress loud', 2, /--progress.*'loud'.*auto, bar, lines, json, none/],
  ['content.png style.png --bit-depth 12', 2, /--bit-depth must be 8 or 16, not 12/],
  ['content.png style.png --bit-depth 16 -o a.jpg', 2, /--bit-depth 16 is for png and tiff/],
  ['content.png style.png --encoder-quality 101', 2, /--encoder-quality must be .*, not 101/],
  ['content.png style.png --size 16384 -o a.webp', 2, /--size 16384 is too large for webp/],
  ['content.png style.png -o -', 2, /--output.*'-'.*not written to stdout/],
  ['content.png style.png -o a.gif', 2, /--output must end in .*, not "a\.gif"/],
  ['content.png style.png -o no/a.png', 1, /cannot write "no\/a\.png": its folder does not exist/],
  ['content.png style.png --weights no.safetensors', 1, /no\.safetensors/],
  ['no.png style.png', 1, /content: "no\.png" does not exist/],
  ['content.png style.png no.png', 1, /style\[1\]: "no\.png" does not exist/],
  ['content.png style.png --init no.png', 1, /--init: "no\.png" does not exist/],
  ['content.png style.png --max-pixels 100', 1, /"content\.png" is 80 × 60 pixels.*--max-pixels/],
];

test.serial(
  'mistakes: exit code, one or two lines that name flag and value, old output untouched',
  async (t) => {
    const folder = await studio(t);
    const env = { SCUMBLE_WEIGHTS: await weightsIn(folder) };
    await writeFile(join(folder, 'out.png'), 'old');
    const before = await readdir(folder);
    for (const [args, code, message] of MISTAKES) {
      const words = args.split(' ').filter((word) => word !== '');
      const result = await scumble(folder, words, env);
      t.is(result.code, code, args);
      t.is(result.stdout, '', args);
      t.regex(result.stderr, /^scumble: .*\n(.+\n)?$/, args);
      t.regex(result.stderr, message, args);
    }
    t.deepEqual(await readdir(folder), before);
    t.is(await readFile(join(folder, 'out.png'), 'utf8'), 'old');
  },
);

test('control characters; the stack on demand', async (t) => {
  const folder = await studio(t);
  const env = { SCUMBLE_WEIGHTS: await weightsIn(folder) };
  const strange = await scumble(folder, ['a\x1b[31m.png', 'style.png'], env);
  t.is(strange.stderr, 'scumble: content: "a?[31m.png" does not exist\n');

  const debug = await scumble(folder, ['no.png', 'style.png'], { ...env, SCUMBLE_DEBUG: '1' });
  t.is(debug.code, 1);
  t.regex(debug.stderr, /ImageError: .*\n +at /);
});

test('numbers and lists', (t) => {
  for (const [text, value] of [
    ['12', 12],
    ['-.5', -0.5],
    ['1e-8', 1e-8],
    ['+3.', 3],
  ] as const) {
    t.is(parseNumber(text), value);
  }
  for (const text of ['', ' ', '12abc', '0x1', 'NaN', 'Infinity', '1e999', '.', '1,2', '--1']) {
    t.throws(() => parseNumber(text), { message: /must be a number/ }, text);
  }
  t.deepEqual(parseNumbers('1, 0.5'), [1, 0.5]);
  t.deepEqual(parseLayers('relu1_1, relu2_1:0.5'), { relu1_1: 1, relu2_1: 0.5 });
});

test('flags in messages, but not in what is quoted', (t) => {
  const program = new Command();
  addStylizeFlags(program, version);
  const error = new OptionError('tvWeight', 'x', 'tvWeight must be a size above minSize, not "tvWeight"');
  t.is(flagged(error, program.options), '--tv-weight must be a size above --min-size, not "tvWeight"');
  t.is(flagged(new Error('size of styleBlend'), program.options), 'size of --style-blend');
  t.is(flagged('thrown', program.options), 'thrown');
});

test('short forms', (t) => {
  t.deepEqual([0, 0.012345, 12.3456, 1234567].map(formatLoss), ['0', '0.0123', '12.3', '1.23e6']);
  t.deepEqual([0, 59.6, 3599.4, 3661].map(formatClock), ['0:00', '1:00', '59:59', '1:01:01']);
  t.deepEqual([0.04, 59.94, 59.96].map(formatTime), ['0.0 s', '59.9 s', '1:00']);
  t.is(framePath(join('a.b', 'out.x.png'), 100), join('a.b', 'out.x_100.png'));
});
