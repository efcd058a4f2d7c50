// Sheets of many runs: the figures of Gatys' paper, and contact sheets of any option.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { variationsOf } from '../dist/cli/contact-sheet.js';
import { layersByRatios, RATIOS, reconstructions } from '../dist/grid/figures.js';
import { GridRun } from '../dist/grid/grid-run.js';
import { varied } from '../dist/grid/vary.js';
import { OptionError } from '../dist/index.js';
import { resolveOptions } from '../dist/options/options.js';
import { scumble, studio, weightsIn } from './support/cli.js';

const images = { content: 'a/river.png', style: 'night.png' };

/** The losses of a cell's run, by name, with their weights. */
function weightsOf(cell: object): Record<string, unknown> {
  if (!('options' in cell)) return {};
  const { terms } = resolveOptions(cell.options as typeof images);
  return Object.fromEntries(terms.map(({ name, weight }) => [name, weight]));
}

test('figure 3: rows of layers, columns of ratios, and nothing but content and Gram matrices', (t) => {
  const grid = layersByRatios({ options: images, networks: ['x', 'y'] }, RATIOS);
  t.deepEqual(
    grid.rows.map(({ label }) => label),
    ['relu1_1', 'relu2_1', 'relu3_1', 'relu4_1', 'relu5_1'].map((layer) => `up to ${layer}`),
  );
  t.deepEqual(
    grid.columns,
    ['x', 'y'].flatMap((network) => ['1e-5', '1e-4', '1e-3', '1e-2'].map((r) => `${network}\nratio ${r}`)),
  );
  t.deepEqual(weightsOf(grid.rows[1]!.cells[6]!), {
    'content:relu4_2': 1,
    'style:relu1_1': 500,
    'style:relu2_1': 500,
  });
  const { options } = grid.rows[1]!.cells[6]! as { options: object };
  t.like(options, { weights: 'y', init: 'noise', scales: 1, size: 256, pooling: 'average' });
  t.is(grid.title, 'river.png, night.png: x, y, 256 px');
});

test('figure 1: the content of each layer, and the style up to each', (t) => {
  const options = { ...images, styleLayers: ['relu1_1', 'relu3_1'], size: 64, tvWeight: 0.5 };
  const { rows } = reconstructions({ options, networks: ['x'] });
  t.deepEqual(
    rows.map(({ label, cells }) => [label, ...cells.map(({ lines }) => lines![0])]),
    [
      ['content', 'the image', 'relu1_1', 'relu3_1'],
      ['style', 'the image', 'relu1_1', 'up to relu3_1'],
    ],
  );
  t.deepEqual(weightsOf(rows[0]!.cells[2]!), { 'content:relu3_1': 1, tv: 0.5 });
  t.deepEqual(weightsOf(rows[1]!.cells[2]!), { 'style:relu1_1': 500, 'style:relu3_1': 500, tv: 0.5 });
});

test('what a figure says itself is refused', (t) => {
  const given = { options: { ...images, contentWeight: 3 }, networks: ['x'] };
  t.throws(() => layersByRatios(given, RATIOS), {
    message: /^contentWeight does not go with a figure: .*ratios/,
  });
  t.throws(() => reconstructions(given), { instanceOf: OptionError });
  const options = { ...images, styleWeight: 0 };
  t.throws(() => layersByRatios({ options, networks: ['x'] }, RATIOS), { message: /^styleWeight must be/ });
  t.throws(() => layersByRatios({ options: images, networks: ['x'] }, [0]), { message: /^ratios must be/ });
});

test('variations of one option, or of two', (t) => {
  const [across, down] = variationsOf(
    ['--tv-weight=0,1.5', 'content-layers=relu1_1:2,relu2_1;relu3_1'],
    {} as never,
  );
  t.deepEqual(across.values, [
    { text: '0', value: 0 },
    { text: '1.5', value: 1.5 },
  ]);
  t.deepEqual(
    down!.values.map(({ value }) => value),
    [{ relu1_1: 2, relu2_1: 1 }, { relu3_1: 1 }],
  );
  const grid = varied({ ...images, size: 64 }, [across, down!]);
  t.deepEqual(grid.columns, ['tv-weight 0', 'tv-weight 1.5']);
  t.deepEqual(
    grid.rows.map(({ label }) => label),
    ['content-layers relu1_1:2,relu2_1', 'content-layers relu3_1'],
  );
  t.deepEqual((grid.rows[1]!.cells[1]! as { options: object }).options, {
    ...images,
    size: 64,
    tvWeight: 1.5,
    contentLayers: { relu3_1: 1 },
  });
  t.deepEqual(
    variationsOf(['clamp=true,false'], {} as never)[0].values.map(({ value }) => value),
    [true, false],
  );
});

const WRONG: [texts: string[], message: RegExp][] = [
  [['size'], /^contactSheet must be an option with values, as tv-weight=0,1,10$/],
  [['sise=1'], /^contactSheet names sise, which is no option of a picture/],
  [['weight=1'], /which is no option of a picture; there are content-weight, /],
  [['output=a.png'], /^contactSheet names output, which is no option/],
  [['size=64,'], /^contactSheet has an empty value for size$/],
  [['size=64,big'], /^contactSheet has "big" for size\. It must be a number\.$/],
  [['clamp=yes'], /It must be true or false/],
  [['size=1', 'size=2'], /^contactSheet varies size twice$/],
  [['size=1', 'seed=2', 'history=3'], /^contactSheet is given three times/],
  [['seed=1'], /^seed is what the contact sheet varies: drop one of the two$/],
];

test('variations that cannot be', (t) => {
  for (const [texts, message] of WRONG) {
    t.throws(() => variationsOf(texts, { seed: 3 } as never), { instanceOf: OptionError, message });
  }
});

test('every cell is checked before the first is painted', async (t) => {
  const folder = await studio(t);
  const weights = await weightsIn(folder);
  const options = {
    content: join(folder, 'content.png'),
    style: join(folder, 'style.png'),
    weights,
    device: 'cpu',
  };
  const settings = { onWarning: () => {}, signal: new AbortController().signal };
  const grid = (texts: string[]) => varied(options, variationsOf(texts, {} as never));
  for (const [text, message] of [
    ['content-layers=relu1_1;relu9_9', /^contentLayers names relu9_9, but this vgg19 has /],
    ['style-margin=0,0.7', /^styleMargin must be .*, not 0\.7$/],
    [`style=${join(folder, 'style.png')},nowhere.png`, /style: "nowhere\.png" does not exist/],
    ['size=64,1', /content would be 1x1/],
    ['size=64,12000', /^the sheet would be /],
  ] as const) {
    await t.throwsAsync(GridRun.prepare(grid([text]), settings), { message });
  }
});

test('what is painted stays when the caller has enough; a run that diverges leaves its last good picture', async (t) => {
  const folder = await studio(t);
  const stop = new AbortController();
  const options = {
    content: join(folder, 'content.png'),
    style: join(folder, 'style.png'),
    weights: await weightsIn(folder),
    device: 'cpu',
    size: 32,
    scales: 1,
    iterations: 3,
    optimizer: 'adam',
  } as const;
  const grid = varied(options, variationsOf(['learning-rate=1e30,1,2'], {} as never));
  const run = await GridRun.prepare(grid, { onWarning: () => {}, signal: stop.signal });
  t.teardown(() => run.dispose());
  t.is(run.painted, 0);
  const empty = await run.draw();
  const done: string[] = [];
  const painting = run.paint({
    step() {},
    done({ index, count, name }) {
      done.push(`${index} of ${count}: ${name}`);
      if (index === 2) stop.abort();
    },
  });
  t.is(await painting.catch((error) => error.name), 'AbortError');
  t.deepEqual(done, ['1 of 3: learning-rate 1e30', '2 of 3: learning-rate 1']);
  t.is(run.painted, 2);
  const sheet = await run.draw();
  t.deepEqual([sheet.width, sheet.height], [empty.width, empty.height]);
  t.notDeepEqual(sheet.data, empty.data);
});

const SMALL = ['--size', '32', '--iterations', '2', '--device', 'cpu', '--threads', '2'];

test('explore of 3×3 has nine labelled cells, and a trace of each', async (t) => {
  const folder = await studio(t);
  const env = { SCUMBLE_WEIGHTS: await weightsIn(folder) };
  const layers = ['--style-layers', 'relu1_1,relu2_1,relu3_1', '--ratios', '1e-3,1e-2,0.1'];
  const args = ['content.png', 'style.png', ...SMALL, ...layers, '--progress', 'none', '--trace', '-'];
  const { code, stdout, stderr } = await scumble(folder, ['explore', ...args], env);
  t.is(code, 0, stderr);
  const said = stderr.trimEnd().split('\n');
  t.is(said[0], '1 of 9: up to relu1_1, ratio 1e-3');
  t.regex(said.at(-1)!, /^explore\.png: \d+×\d+, 9 of 9 pictures, /);
  const traced = stdout.trimEnd().split('\n');
  t.is(traced.length, 18);
  const { run, count, losses } = JSON.parse(traced[17]!);
  t.is(run, 'up to relu3_1, ratio 0.1');
  t.is(count, 2);
  t.deepEqual(Object.keys(losses), ['content:relu4_2', 'style:relu1_1', 'style:relu2_1', 'style:relu3_1']);
  const { width, height } = await sharp(join(folder, 'explore.png')).metadata();
  t.true(width! > 3 * 42 && height! > 3 * (24 + 25));
});

test('networks side by side, and figure 1', async (t) => {
  const folder = await studio(t);
  const networks = [await weightsIn(folder), await weightsIn(folder)].join();
  const flags = [
    '--figure',
    '1',
    '--networks',
    networks,
    '--style-layers',
    'relu1_1,relu2_1',
    '-o',
    'one.jpg',
  ];
  const args = ['content.png', 'style.png', ...SMALL, ...flags, '--progress', 'none'];
  const { code, stderr } = await scumble(folder, ['explore', ...args]);
  t.is(code, 0, stderr);
  t.regex(stderr, /^1 of 8: tiny-.*\.safetensors content, relu1_1\n(.*\n){7}one\.jpg: .*8 of 8 pictures/);
});

test('a contact sheet, also of an argument', async (t) => {
  const folder = await studio(t);
  const env = { SCUMBLE_WEIGHTS: await weightsIn(folder) };
  const sheet = ['--contact-sheet', 'style=style.png,other.png', '--contact-sheet', 'size=24,40'];
  const args = [
    'content.png',
    ...sheet,
    '--iterations',
    '1',
    '--progress',
    'none',
    '--trace',
    'losses.jsonl',
  ];
  const { code, stdout, stderr } = await scumble(folder, args, env);
  t.is(code, 0, stderr);
  t.is(stdout, '');
  t.regex(stderr, /\n3 of 4: size 40, style style\.png\n.*\nout\.png: \d+×\d+, 4 of 4 pictures, .*\n$/);
  const runs = new Set(
    (await readFile(join(folder, 'losses.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).run),
  );
  t.is(runs.size, 4);
});

test('mistakes: exit code, what is wrong, and nothing written', async (t) => {
  const folder = await studio(t);
  const env = { SCUMBLE_WEIGHTS: await weightsIn(folder) };
  const before = await readdir(folder);
  for (const [args, code, message] of [
    ['explore content.png', 2, /missing required argument 'style'/],
    ['explore content.png style.png --figure 2', 2, /--figure.*'2'/],
    ['explore content.png style.png --figure 1 --ratios 1', 2, /--ratios are for figure 3/],
    ['explore content.png style.png --networks a,b --weights c', 2, /drop one of the two/],
    [
      'explore content.png style.png --networks nothing',
      1,
      /nothing: is neither a file nor one of the networks/,
    ],
    ['explore content.png style.png --style-layers relu9_9', 2, /--style-layers names relu9_9/],
    ['explore content.png style.png -o no/a.png', 1, /its folder does not exist/],
    ['content.png style.png --contact-sheet sise=1', 2, /--contact-sheet names sise/],
    ['content.png style.png --contact-sheet size=32 --save-every 2', 2, /--save-every is for one picture/],
    ['content.png style.png --contact-sheet size=32 --size 3', 2, /--size is what the contact sheet varies/],
    ['content.png style.png --trace no/a.jsonl', 1, /cannot write "no\/a\.jsonl"/],
    ['content.png style.png --trace - --progress json', 2, /--trace - and progress json both go to stdout/],
  ] as [string, number, RegExp][]) {
    const result = await scumble(folder, args.split(' '), env);
    t.is(result.code, code, `${args}: ${result.stderr}`);
    t.is(result.stdout, '', args);
    t.regex(result.stderr, message, args);
  }
  t.deepEqual(await readdir(folder), before);
});
