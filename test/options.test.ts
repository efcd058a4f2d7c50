// Options: everything a caller can get wrong in a value is refused by name before any file is opened, and what is left
// out gets the documented value.

import { availableParallelism } from 'node:os';
import test, { type ExecutionContext } from 'ava';
import { type ByScale, OptionError, type StylizeOptions, stylize } from '../dist/index.js';
import { atStage } from '../dist/options/by-scale.js';
import { descriptions } from '../dist/options/describe.js';
import { resolveOptions } from '../dist/options/options.js';
import { schema } from '../dist/options/schema.js';

// None of these files exists: whatever looks for one fails with another error than the one expected.
const weightless = {
  contentWeight: 0,
  wassersteinWeight: 0,
  relaxedEmdWeight: 0,
  paletteWeight: 0,
  tvWeight: 0,
};
const missing: StylizeOptions = {
  content: '/nowhere/content.png',
  style: '/nowhere/style.png',
  weights: '/nowhere/vgg.safetensors',
};

async function refused(t: ExecutionContext, given: object, option: string, message: RegExp, value?: unknown) {
  const run = stylize({ ...missing, ...given } as StylizeOptions);
  const error = await t.throwsAsync(run, { instanceOf: OptionError, code: 'ERR_OPTION', message });
  t.is(error?.name, 'OptionError');
  t.is(error?.option, option);
  if (value !== undefined) t.is(error?.value, value);
}

const integers = {
  size: [1, 65536],
  variableLevels: [1, 30],
  history: [1, 1000],
  scales: [1, 64],
  minSize: [1, 65536],
  seed: [0, Number.MAX_SAFE_INTEGER],
  threads: [1, 1024],
  passes: [1, 64],
  maxPixels: [1, 2 ** 40],
};
for (const [option, [low, high]] of Object.entries(integers) as [string, [number, number]][]) {
  test(`${option} is an integer from ${low} to ${high}`, async (t) => {
    const wanted = `${option} must be an integer from ${low} to ${high}, not `;
    const wrong = [
      low - 1,
      -5,
      high + 1,
      low + 0.5,
      Number.NaN,
      Infinity,
      -Infinity,
      null,
      '1',
      [1],
      {},
      1n,
      true,
    ];
    for (const value of wrong)
      await refused(t, { [option]: value }, option, new RegExp(`^${wanted}.`), value);
    await refused(t, { [option]: '1' }, option, new RegExp(`^${wanted}"1"$`));
    await refused(t, { [option]: Number.NaN }, option, new RegExp(`^${wanted}NaN$`));
    for (const value of [low, high]) {
      t.like(resolveOptions({ ...missing, [option]: value }), { [option]: value });
    }
  });
}

const UNLIKELY = [Number.NaN, Infinity, -Infinity, null, '1', {}, true];
type Numbers = [option: string, what: string, wrong: number[], right: number[]][];
const byScale: Numbers = [
  ['contentWeight', 'a number that is 0 or more', [-1, -1e-9], [0, 1e6]],
  ['styleWeight', 'a number that is 0 or more', [-1, -1e-9], [0, 1e6]],
  ['tvWeight', 'a number that is 0 or more', [-1, -1e-9], [0, 1e6]],
  ['momentsWeight', 'a number that is 0 or more', [-1, -1e-9], [0, 1e6]],
  ['learningRate', 'a number above 0', [0, -1], [1e-3, 100]],
  ['iterations', 'an integer from 1 to 1000000000', [0, 1e9 + 1, 0.5], [1, 7, 1e9]],
];
const numbers: Numbers = [
  ['noiseDeviation', 'a number that is 0 or more', [-1, -1e-9], [0, 0.001, 64]],
  ['styleScale', 'a number above 0', [0, -1], [1e-3, 4]],
  ['firstStep', 'a number that is 0 or more', [-1, -1e-9], [0, 2]],
  ['poolingScale', 'a number above 0', [0, -1], [0.78, 2]],
  ['inputRange', 'a number above 0', [0, -1], [1, 256]],
  ['scaleFactor', 'a number above 1', [1, 0, -2], [1.1, 2]],
  ['epsilon', 'a number above 0', [0, -1e-8], [1e-12]],
  ['beta1', 'a number from 0 up to but not including 1', [-0.1, 1, 2], [0, 0.999]],
  ['beta2', 'a number from 0 up to but not including 1', [-0.1, 1, 2], [0, 0.999]],
  ['averaging', 'a number from 0 up to but not including 1', [-0.1, 1, 2], [0, 0.999]],
];
for (const [option, what, wrong, right] of numbers) {
  test(`${option} is ${what}`, async (t) => {
    for (const value of [...wrong, ...UNLIKELY, [1]]) {
      await refused(t, { [option]: value }, option, new RegExp(`^${option} must be ${what}, not .`), value);
    }
    for (const value of right) t.like(resolveOptions({ ...missing, [option]: value }), { [option]: value });
  });
}

const words: Record<string, string[]> = {
  optimizer: ['lbfgs', 'adam', 'rmsprop'],
  variable: ['pixels', 'laplacian'],
  carry: ['nothing', 'moments'],
  pooling: ['max', 'average', 'l2'],
  rounding: ['floor', 'ceil'],
  padding: ['zero', 'replicate'],
  statistic: ['gram', 'mean-std', 'histogram', 'wasserstein'],
  tvKind: ['absolute', 'squared', 'gradient', 'diagonal'],
  quality: ['draft', 'good', 'best'],
  filter: ['lanczos', 'cubic', 'sharp-cubic', 'triangle', 'box'],
  carryFilter: ['lanczos', 'cubic', 'sharp-cubic', 'triangle', 'box'],
};
for (const [option, allowed] of Object.entries(words)) {
  test(`${option} is one of ${allowed.join(', ')}`, async (t) => {
    for (const value of ['', 'Max', 'sgd', 0, null, [], allowed]) {
      await refused(
        t,
        { [option]: value },
        option,
        new RegExp(`^${option} must be ${allowed[0]}.*, not .`),
        value,
      );
    }
    const given = { ...missing, styleWeight: 1 };
    for (const value of allowed) t.like(resolveOptions({ ...given, [option]: value }), { [option]: value });
  });
}

for (const [option, what, wrong, right] of byScale) {
  test(`${option} is ${what}, or a list by scale`, async (t) => {
    const list = `${option} must be ${what}, or a list of at least one`;
    for (const value of [...wrong, ...UNLIKELY, []]) {
      const message = new RegExp(`^${option} must be ${what}(, or a list of at least one)?, not .`);
      await refused(t, { [option]: value }, option, message, value);
    }
    for (const value of [...wrong, ...UNLIKELY, [1]]) {
      const message = new RegExp(`^${option}\\[1\\] must be ${what}, not .`);
      await refused(t, { [option]: [right.at(-1), value] }, option, message, value);
    }
    for (const value of [['...'], ['...', 1], [1, '...'], [1, '...', 2, '...', 3]]) {
      const message = new RegExp(`^${list}, with "\\.\\.\\." once at most, between two, not a list of `);
      await refused(t, { [option]: value }, option, message, value);
    }
    for (const value of [...right, right, [...right, '...', 1]]) {
      t.deepEqual(resolveOptions({ ...missing, [option]: value })[option as 'iterations'], value);
    }
  });
}

test('a list by scale: its last entry is for all that are left, behind a gap are those of the last stages', (t) => {
  const all = (values: ByScale, count: number) =>
    Array.from({ length: count }, (_, stage) => atStage(values, stage, count));
  t.deepEqual(all(3, 2), [3, 3]);
  t.deepEqual(all([1, 2], 1), [1]);
  t.deepEqual(all([1, 2], 4), [1, 2, 2, 2]);
  t.deepEqual(all([1, 2, '...', 3, 4], 6), [1, 2, 2, 2, 3, 4]);
  t.deepEqual(all([1, 2, '...', 3, 4], 3), [1, 3, 4]);
  t.deepEqual(all([1, 2, '...', 3, 4], 1), [4]);
});

test('each optimiser has defaults of its own', (t) => {
  const found = (given: Partial<StylizeOptions>) => {
    const { learningRate, beta2 } = resolveOptions({ ...missing, ...given });
    return [learningRate, beta2];
  };
  t.deepEqual(found({ optimizer: 'adam' }), [5, 0.999]);
  t.deepEqual(found({ optimizer: 'rmsprop' }), [0.5, 0.99]);
  t.deepEqual(found({ optimizer: 'lbfgs' }), [1, 0.999]);
  t.deepEqual(found({ optimizer: 'rmsprop', learningRate: 2, beta2: 0.9 }), [2, 0.9]);
});

test('pixels can be clamped, coefficients cannot', async (t) => {
  const message = /^clamp is for pixels: it does not go with variable 'laplacian'/;
  await refused(t, { clamp: true, variable: 'laplacian' }, 'clamp', message, true);
  t.true(resolveOptions({ ...missing, clamp: true }).clamp);
  t.is(resolveOptions({ ...missing, variable: 'laplacian' }).variable, 'laplacian');
});

const IMAGE = 'a path, a file: URL, a Buffer or \\{ data, width, height, channels \\}';
const table: [title: string, given: object, option: string, message: RegExp][] = [
  ['content: absent', { content: undefined }, 'content', /^content is missing$/],
  ['content: a number', { content: 5 }, 'content', new RegExp(`^content must be ${IMAGE}, not 5$`)],
  ['content: null', { content: null }, 'content', /, not null$/],
  ['content: empty', { content: '' }, 'content', /, not ""$/],
  ['content: any object', { content: { width: 3 } }, 'content', /, not an object of type Object$/],
  ['content: a function', { content: () => 1 }, 'content', /, not a function$/],
  ['content: a list', { content: ['a.png'] }, 'content', /, not a list of 1$/],
  ['init: a number', { init: 1 }, 'init', new RegExp(`^init must be ${IMAGE}, not 1$`)],
  ['style: absent', { style: undefined }, 'style', /^style is missing$/],
  ['style: an empty list', { style: [] }, 'style', /^style must be an image, or a list of at least one, not an empty list$/],
  ['style: a number', { style: 5 }, 'style', /^style must be an image, or a list of at least one, not 5$/],
  ['style: a number in a list', { style: ['a.png', 5] }, 'style', new RegExp(`^style\\[1\\] must be ${IMAGE}, not 5$`)],
  ['style: a hole in a list', { style: ['a.png', undefined] }, 'style', /^style\[1\] is missing$/],
  ['style: a list in a list', { style: [['a.png']] }, 'style', /^style\[0\] must be .*, not a list of 1$/],
  ['styleBlend: fewer than styles', { style: ['a.png', 'b.png'], styleBlend: [1] }, 'styleBlend', /^styleBlend has 1 weights for 2 style images$/],
  ['styleBlend: more than styles', { styleBlend: [1, 1] }, 'styleBlend', /^styleBlend has 2 weights for 1 style images$/],
  ['styleBlend: empty', { styleBlend: [] }, 'styleBlend', /^styleBlend must be a list of numbers that are 0 or more and not all 0, not an empty list$/],
  ['styleBlend: all 0', { styleBlend: [0] }, 'styleBlend', /and not all 0, not a list of 1$/],
  ['styleBlend: negative', { styleBlend: [-1] }, 'styleBlend', /^styleBlend\[0\] must be a number that is 0 or more, not -1$/],
  ['styleBlend: NaN', { styleBlend: [Number.NaN] }, 'styleBlend', /^styleBlend\[0\] must be .*, not NaN$/],
  ['styleBlend: Infinity', { styleBlend: [Infinity] }, 'styleBlend', /^styleBlend\[0\] must be .*, not Infinity$/],
  ['styleBlend: a number', { styleBlend: 1 }, 'styleBlend', /^styleBlend must be a list of numbers .*, not 1$/],
  ['hypercolumns: twice the same', { hypercolumns: ['picture', 'picture'] }, 'hypercolumns', /^hypercolumns must be a list of different layer names, at least one, not /],
  ['samples: none', { samples: 0 }, 'samples', /^samples must be an integer from 1 to 65536, not 0$/],
  ['contentLayers: a word', { contentLayers: 'relu4_2' }, 'contentLayers', /^contentLayers must be layer names, or an object of layers and weights, at least one, not "relu4_2"$/],
  ['contentLayers: empty', { contentLayers: [] }, 'contentLayers', /at least one, not an empty list$/],
  ['styleLayers: empty', { styleLayers: {} }, 'styleLayers', /at least one, not an object of type Object$/],
  ['styleLayers: a number', { styleLayers: ['relu1_1', 3] }, 'styleLayers', /^styleLayers\[1\] must be a layer name, not 3$/],
  ['styleLayers: negative', { styleLayers: { relu1_1: -1 } }, 'styleLayers', /^styleLayers\[relu1_1\] must be a number that is 0 or more, not -1$/],
  ['styleLayers: NaN', { styleLayers: { relu1_1: Number.NaN } }, 'styleLayers', /^styleLayers\[relu1_1\] must be .*, not NaN$/],
  ['weights: a number', { weights: 7 }, 'weights', /^weights must be a name or a path, not 7$/],
  ['download: a word', { download: 'yes' }, 'download', /^download must be true or false, not "yes"$/],
  ['weights: empty', { weights: '' }, 'weights', /^weights must be a name or a path, not ""$/],
  ['onWarning: a word', { onWarning: 'log' }, 'onWarning', /^onWarning must be a function, not "log"$/],
  ['device: another', { device: 'gpu' }, 'device', /^device must be auto, cpu, cuda or cuda:<number>, not "gpu"$/],
  ['device: no number', { device: 'cuda:' }, 'device', /^device must be .*, not "cuda:"$/],
  ['precision: another', { precision: 'half' }, 'precision', /^precision must be exact, balanced or fast, not "half"$/],
  ['onProgress: a word', { onProgress: 'log' }, 'onProgress', /^onProgress must be a function, not "log"$/],
  ['signal: a controller', { signal: new AbortController() }, 'signal', /^signal must be an AbortSignal, not an object of type AbortController$/],
  ['checkpoint: empty', { checkpoint: '' }, 'checkpoint', /^checkpoint must be a path, not ""$/],
  ['checkpointEvery: none', { checkpointEvery: 0 }, 'checkpointEvery', /^checkpointEvery must be a whole number of iterations above 0, or seconds such as "60s", not 0$/],
  ['checkpointEvery: minutes', { checkpointEvery: '5m' }, 'checkpointEvery', /^checkpointEvery must be .*, not "5m"$/],
  ['nothing to paint', weightless, 'contentWeight', /^all weights of losses are 0, so there is nothing to paint$/],
  ['an unknown option', { iteration: 5 }, 'iteration', /^iteration is not an option of stylize\(\)$/],
]; // biome-ignore format: a table
for (const [title, given, option, message] of table) {
  test(title, (t) => refused(t, given, option, message));
}

test('a long word is cut in the message', (t) =>
  refused(t, { pooling: 'x'.repeat(1000) }, 'pooling', /^.{20,130}…"$/));

test('no options at all', async (t) => {
  for (const given of [undefined, null, 5, 'content.png', [], () => 1]) {
    let run: Promise<unknown> | undefined;
    t.notThrows(() => {
      run = stylize(given as never);
    });
    const error = await t.throwsAsync(run!, { instanceOf: OptionError });
    t.is(error?.option, 'options');
    t.is(error?.value, given);
    t.is(error?.message, 'stylize() takes an object of options');
  }
});

test.serial('weights come from the option, else from SCUMBLE_WEIGHTS, else from the package', (t) => {
  const before = process.env.SCUMBLE_WEIGHTS;
  t.teardown(() => {
    if (before === undefined) delete process.env.SCUMBLE_WEIGHTS;
    else process.env.SCUMBLE_WEIGHTS = before;
  });
  const { weights = '', ...rest } = missing;
  delete process.env.SCUMBLE_WEIGHTS;
  t.is(resolveOptions(rest).weights, 'vgg19-slim');
  process.env.SCUMBLE_WEIGHTS = '';
  t.is(resolveOptions(rest).weights, 'vgg19-slim');
  process.env.SCUMBLE_WEIGHTS = '/elsewhere/vgg.safetensors';
  t.is(resolveOptions(rest).weights, '/elsewhere/vgg.safetensors');
  t.is(resolveOptions(missing).weights, weights);
});

test('every option is declared once, and described', (t) => {
  const all = descriptions();
  t.deepEqual(
    all.map(({ name }) => name),
    Object.keys(schema.shape),
  );
  for (const { name, about, required, default: preset, type } of all) {
    t.regex(about, /^(?=[a-zAL]).*[^.]$/, name);
    t.is(required, name === 'content' || name === 'style');
    t.is(preset === undefined, required || ['onProgress', 'signal'].includes(name), name);
    t.truthy(type, name);
  }
});

const HYPERCOLUMNS = ['relu1_1', 'relu2_1', 'relu3_1', 'relu3_2', 'relu4_2'];
const everywhere = { layers: HYPERCOLUMNS, option: 'hypercolumns', parameters: {} };

test('defaults', (t) => {
  t.deepEqual(resolveOptions(missing), {
    content: '/nowhere/content.png',
    styles: ['/nowhere/style.png'],
    styleBlend: [1],
    size: 512,
    checkpointEvery: '60s',
    styleScale: 1,
    quality: 'good',
    startDetail: false,
    linear: false,
    weights: '/nowhere/vgg.safetensors',
    download: false,
    contentLayers: { relu4_2: 1 },
    styleLayers: { relu1_1: 1, relu2_1: 1, relu3_1: 1, relu4_1: 1, relu5_1: 1 },
    contentWeight: 50,
    styleWeight: 0,
    tvWeight: 3000,
    tvKind: 'squared',
    statistic: 'gram',
    normalizeGradients: false,
    poolingScale: 1,
    filter: 'lanczos',
    carryFilter: 'lanczos',
    keepSmallStyles: false,
    wholeSteps: false,
    styleMargin: 0.025,
    meanStdWeight: 0,
    meanStdLayers: { relu1_1: 1, relu2_1: 1, relu3_1: 1, relu4_1: 1, relu5_1: 1 },
    histogramWeight: 0,
    histogramLayers: { relu1_1: 1, relu4_1: 1 },
    relaxedEmdWeight: 1e7,
    momentsWeight: 0,
    paletteWeight: 5e4,
    selfSimilarityWeight: 0,
    hypercolumns: HYPERCOLUMNS,
    terms: [
      {
        name: 'content:relu4_2',
        kind: 'content',
        weight: 50,
        layers: ['relu4_2'],
        of: 'content',
        option: 'contentLayers',
      },
      { name: 'relaxed-emd', kind: 'relaxed-emd', weight: 1e7, of: 'style', ...everywhere },
      { name: 'palette', kind: 'palette', weight: 5e4, of: 'style', parameters: {} },
      { name: 'tv', kind: 'tv-squared', weight: 3000 },
      ...[6144, 1536, 384, 96].map((weight, i) => ({
        name: `wasserstein:relu${i + 1}_1`,
        kind: 'wasserstein',
        weight,
        layers: [`relu${i + 1}_1`],
        of: 'style',
        option: 'wassersteinLayers',
      })),
    ],
    init: 'content',
    noiseDeviation: 64,
    variable: 'pixels',
    variableLevels: 5,
    clamp: false,
    carry: 'nothing',
    optimizer: 'lbfgs',
    learningRate: 1,
    history: 10,
    firstStep: 2,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    averaging: 0,
    pooling: 'max',
    rounding: 'floor',
    scales: 64,
    scaleFactor: Math.SQRT2,
    passes: 1,
    minSize: 64,
    wassersteinWeight: 24,
    wassersteinLayers: { relu1_1: 256, relu2_1: 64, relu3_1: 16, relu4_1: 4 },
    slicedWeight: 0,
    slicedLayers: { relu1_1: 1, relu2_1: 1, relu3_1: 1, relu4_1: 1 },
    finish: 'palette',
    vividness: 1.1,
    nearestFieldWeight: 0,
    nearestWeight: 0,
    nearestLayers: { relu1_1: 1, relu2_1: 1, relu3_1: 1, relu4_1: 1 },
    nearestOccurrence: 0.05,
    seed: 0,
    device: 'auto',
    threads: availableParallelism(),
    maxPixels: 16384 ** 2,
  });
});

test('a term for every layer that counts: its weight times its own', (t) => {
  const terms = (given: Partial<StylizeOptions>) => resolveOptions({ ...missing, ...given }).terms;
  const found = terms({
    meanStdWeight: 2,
    meanStdLayers: { relu1_1: 3 },
    histogramWeight: 4,
    histogramLayers: ['relu2_1'],
  });
  t.deepEqual(
    found.filter(({ kind }) => kind === 'mean-std' || kind === 'histogram'),
    [
      {
        name: 'histogram:relu2_1',
        kind: 'histogram',
        weight: 4,
        layers: ['relu2_1'],
        of: 'style',
        option: 'histogramLayers',
      },
      {
        name: 'mean-std:relu1_1',
        kind: 'mean-std',
        weight: 6,
        layers: ['relu1_1'],
        of: 'style',
        option: 'meanStdLayers',
      },
    ],
  );
  t.is(new Set(found.map(({ name }) => name)).size, found.length);
  t.is(terms({ ...weightless, meanStdWeight: 1 }).length, 5, 'a term alone is enough to paint');
});

test('undefined is the same as left out', (t) => {
  const nothing = { size: undefined, styleBlend: undefined, learningRate: undefined, signal: undefined };
  t.deepEqual(
    JSON.stringify(resolveOptions({ ...missing, ...nothing } as unknown as StylizeOptions)),
    JSON.stringify(resolveOptions(missing)),
  );
});

test('blends sum to 1', (t) => {
  const style = ['a.png', 'b.png', 'c.png', 'd.png'];
  t.deepEqual(resolveOptions({ ...missing, style }).styleBlend, [0.25, 0.25, 0.25, 0.25]);
  t.deepEqual(
    resolveOptions({ ...missing, style, styleBlend: [0, 1, 4, 3] }).styleBlend,
    [0, 0.125, 0.5, 0.375],
  );
});

test('layer names weigh 1, and keep their order', (t) => {
  const given = { ...missing, styleWeight: 1, styleLayers: ['relu3_1', 'relu1_1'] };
  const { styleLayers } = resolveOptions(given);
  t.deepEqual(Object.entries(styleLayers), [
    ['relu3_1', 1],
    ['relu1_1', 1],
  ]);
  t.deepEqual(resolveOptions({ ...missing, contentLayers: { relu2_1: 0 } }).contentLayers, { relu2_1: 0 });
});

test('every kind of image source is taken as it is', (t) => {
  const raw = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 as const };
  for (const content of ['a.png', new URL('file:///a.png'), Buffer.from('x'), new ArrayBuffer(1), raw]) {
    t.is(resolveOptions({ ...missing, content }).content, content);
    t.is(resolveOptions({ ...missing, style: ['b.png', content] }).styles[1], content);
    t.is(resolveOptions({ ...missing, init: content }).init, content);
  }
});

test('gradients are normalised of the terms that compare with an image', (t) => {
  const terms = (given: Partial<StylizeOptions>) => resolveOptions({ ...missing, ...given }).terms;
  t.true(terms({}).every(({ normalize }) => normalize === undefined));
  for (const { of, normalize } of terms({ normalizeGradients: true, meanStdWeight: 1 }))
    t.is(normalize, of === undefined ? undefined : true);
});

test('the statistic is the kind of the style terms, and the kind of total variation that of its term', (t) => {
  const terms = (given: Partial<StylizeOptions>) => resolveOptions({ ...missing, ...given }).terms;
  const kinds = (given: Partial<StylizeOptions>) =>
    new Map(terms(given).map(({ name, kind }) => [name.split(':')[0], kind]));
  t.is(kinds({ styleWeight: 1 }).get('style'), 'gram');
  t.is(kinds({ styleWeight: 1, statistic: 'mean-std' }).get('style'), 'mean-std');
  t.is(kinds({ tvWeight: 1, tvKind: 'absolute' }).get('tv'), 'tv');
  for (const kind of ['squared', 'gradient', 'diagonal'] as const)
    t.is(kinds({ tvWeight: 1, tvKind: kind }).get('tv'), `tv-${kind}`);
});
