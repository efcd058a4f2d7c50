// The engine's own interface: whatever it is given it throws or rejects, and without it there is an error that helps.

import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { addon } from '../dist/engine/addon.js';
import {
  content,
  cpu,
  create,
  description,
  given,
  large,
  network,
  settings,
  start,
  style,
} from './support/engine.js';
import { bits, child, folder, node, root, wave } from './support/runs.js';
import { styleTerm, tvTerm } from './support/terms.js';

// biome-ignore lint/suspicious/noExplicitAny: these tests hand in what the types forbid
const engine = addon() as any;

/** Neither crashes nor succeeds. */
async function refused(t: ExecutionContext, act: () => unknown, message: RegExp) {
  const call = async () => {
    const result = act() as { session?: Promise<unknown> } | undefined;
    return result?.session ?? result;
  };
  t.regex((await t.throwsAsync(call))?.message ?? '', message);
}

const [first] = description.convolutions;
const withWeight = (tensor: object | undefined) => ({
  ...description,
  convolutions: [{ ...first, weight: tensor }, ...description.convolutions.slice(1)],
});
const bytes = new Uint8Array(4 * 3 * 9 * 4);
const descriptions: [string, unknown, RegExp][] = [
  ['nothing', undefined, /undefined/],
  ['null', null, /null/],
  ['a number', 5, /channelOrder must be a string/],
  ['an empty object', {}, /channelOrder must be a string/],
  ['channelOrder', { ...description, channelOrder: 'GBR' }, /channelOrder cannot be GBR/],
  ['range', { ...description, range: '255' }, /range must be a number/],
  ['mean', { ...description, mean: [1, 2] }, /mean must be an array of three numbers/],
  ['std', { ...description, std: undefined }, /std must be an array of three numbers/],
  ['padding', { ...description, padding: 'reflect' }, /padding cannot be reflect/],
  ['no convolutions', { ...description, convolutions: [] }, /no convolution/],
  ['convolutions of nothing', { ...description, convolutions: [undefined] }, /undefined/],
  ['a gap', { ...description, convolutions: description.convolutions.slice(1) }, /./],
  ['inputs', { ...description, convolutions: [{ ...first, inputs: 4 }] }, /./],
  ['outputs', { ...description, convolutions: [{ ...first, outputs: 1e9 }] }, /outputs must be an integer from 1 to 8192/],
  ['no weight', withWeight(undefined), /weight must be an object/],
  ['a short weight', withWeight({ dtype: 'F32', data: bytes.subarray(1) }), /weights of the wrong size/],
  ['an empty weight', withWeight({ dtype: 'F32', data: new Uint8Array() }), /weights of the wrong size/],
  ['an unknown type', withWeight({ dtype: 'I32', data: bytes }), /dtype cannot be I32/],
  ['a number for bytes', withWeight({ dtype: 'F32', data: 7 }), /./],
  ['a list for bytes', withWeight({ dtype: 'F32', data: [1, 2, 3] }), /./],
  ['no bytes', withWeight({ dtype: 'F32' }), /./],
]; // biome-ignore format: a table
for (const [title, value, message] of descriptions) {
  test(`Network.load: ${title}`, (t) => refused(t, () => engine.Network.load(cpu, value), message));
}

const images: [string, unknown, RegExp][] = [
  ['nothing', undefined, /must be an object|must be an array|undefined/],
  ['a short one', { ...content, data: content.data.subarray(1) }, /data must have 1152 floats/],
  ['a long one', { ...content, height: 15 }, /data must have 1080 floats/],
  ['bytes', { ...content, data: new Uint8Array(24 * 16 * 3) }, /must be a Float32Array/],
  ['doubles', { ...content, data: new Float64Array(24 * 16 * 3) }, /must be a Float32Array/],
  ['a list', { ...content, data: Array.from(content.data) }, /must be a Float32Array/],
  ['a buffer', { ...content, data: content.data.buffer }, /must be a Float32Array/],
  ['no data', { width: 24, height: 16 }, /must be a Float32Array/],
  ['width 0', { ...content, width: 0 }, /width must be an integer from 1/],
  ['width NaN', { ...content, width: Number.NaN }, /width must be an integer from 1/],
  ['width 2.5', { ...content, width: 2.5 }, /width must be an integer from 1/],
  ['width 2^40', { ...content, width: 2 ** 40 }, /width must be an integer from 1/],
  ['height -1', { ...content, height: -1 }, /height must be an integer from 1/],
  ['height of letters', { ...content, height: '16' }, /height must be a number|height must be an integer/],
];
for (const [title, image, message] of images) {
  test(`Session.create: an image that is ${title}`, async (t) => {
    for (const wrong of [{ start: image }, { images: [image, style] }, { images: [content, image] }]) {
      await refused(t, () => engine.Session.create([network], { ...given, ...wrong }), message);
    }
  });
}

test('memory that was handed on is no memory', async (t) => {
  const { data } = wave(24, 16);
  structuredClone(data, { transfer: [data.buffer as ArrayBuffer] });
  await refused(
    t,
    () => engine.Session.create([network], { ...given, images: [{ ...content, data }, style] }),
    /1152 floats/,
  );
  const image = { data, width: 24, height: 16, channels: 3 };
  await refused(t, () => engine.resample(cpu, image, 5, 5, [0, 255], 1), /1152 floats/);
});

const [contentAt, styleAt] = settings.terms as [object, object];
const oneTerm = (change: object) => ({ terms: [{ ...contentAt, ...change }] });
const changes: [string, object, RegExp][] = [
  ['a start of another size', { start: wave(16, 24) }, /the target of "content:relu2_2" must have the picture's size/],
  ['an image too small for its layers', { start: wave(1, 1), images: [wave(1, 1), style] }, /too small for relu2_2/],
  ['a style too small for its layers', { images: [content, wave(1, 1)], terms: [styleTerm('relu2_1')] }, /too small for relu2_1/],
  ['no style', { images: [content] }, /"style:relu1_1" has image 1 as its target, which there is not/],
  ['images that are no list', { images: content }, /images must be an array/],
  ['masks that are no list', { masks: undefined }, /masks must be an array/],
  ['a mask that is none', { masks: [content] }, /data must have 384 floats/],
  ['no blend', oneTerm({ targets: [{ image: 0 }] }), /blend must be a number/],
  ['a blend that is not finite', oneTerm({ targets: [{ image: 0, blend: Number.NaN }] }), /a blend that is not finite/],
  ['no target', oneTerm({ targets: [] }), /needs a target image/],
  ['a target that is no image', oneTerm({ targets: [{ image: -1, blend: 1 }] }), /image must be an integer from 0/],
  ['an unknown mask', oneTerm({ kind: 'gram', mask: 3 }), /there is no mask 3/],
  ['an unknown layer', { terms: [contentAt, styleTerm('relu7_1')] }, /looks at relu7_1, but the network has no such layer/],
  ['a layer behind the last', oneTerm({ layers: ['relu3_1'] }), /looks at relu3_1, but the network has no such layer/],
  ['no layer', oneTerm({ layers: undefined }), /needs a layer to look at/],
  ['a layer for the picture', { terms: [{ ...tvTerm(1), layers: ['relu1_1'] }] }, /looks at the picture, not at relu1_1/],
  ['an unknown network', oneTerm({ network: 1 }), /looks at network 1, which there is not/],
  ['an unknown kind', oneTerm({ kind: 'grom' }), /no kind of loss called "grom"/],
  ['an unknown parameter', oneTerm({ parameters: { bins: 3 } }), /has no parameter "bins"/],
  ['two of a name', { terms: [contentAt, styleAt, styleAt] }, /two terms have the name "style:relu1_1"/],
  ['no name', oneTerm({ name: '' }), /has no name/],
  ['terms of nothing', { terms: [undefined] }, /undefined/],
  ['no terms', { terms: undefined }, /terms must be an array/],
  ['an empty list of terms', { terms: [] }, /the objective has no term/],
  ['no weight', oneTerm({ weight: undefined }), /weight must be a number/],
  ['a weight that is not finite', oneTerm({ weight: Number.NaN }), /has a weight that is not finite/],
  ['pooling', { pooling: 'min' }, /pooling cannot be min/],
  ['rounding', { rounding: 5 }, /rounding must be a string/],
  ['no optimizer', { optimizer: undefined }, /optimizer must be an object/],
  ['history 0', { optimizer: { ...settings.optimizer, history: 0 } }, /history must be an integer from 1 to 1000/],
  ['threads 0', { threads: 0 }, /threads must be an integer from 1 to 1024/],
  ['threads NaN', { threads: Number.NaN }, /threads must be an integer from 1 to 1024/],
  ['a weight of letters', { terms: [{ ...tvTerm(1), weight: '1' }] }, /weight must be a number/],
]; // biome-ignore format: a table
for (const [title, change, message] of changes) {
  test(`Session.create: ${title}`, (t) =>
    refused(t, () => engine.Session.create([network], { ...given, ...change }), message));
}

test('Session.create: something else for the network', async (t) => {
  const message = /must be one that Network\.load\(\) made/;
  const session = await create();
  const disguised = Object.create(Object.getPrototypeOf(network));
  for (const wrong of [undefined, null, 5, {}, description, engine.Network, session, disguised]) {
    await refused(t, () => engine.Session.create([wrong], given), message);
    await refused(t, () => engine.Session.create([network, wrong], given), message);
    await refused(t, () => engine.Session.create(wrong, given), /networks must be an array of at least one/);
  }
  await refused(t, () => engine.Session.create([], given), /networks must be an array of at least one/);
  Object.setPrototypeOf(session, Object.getPrototypeOf(network));
  await refused(t, () => engine.Session.create([session], given), message);
  const other = await addon().Network.load(await addon().Backend.open(-1, 'exact'), description);
  await refused(t, () => engine.Session.create([network, other], given), /networks must be of one backend/);
});

test('a network that was let go of takes no new session, and those it has keep it', async (t) => {
  const own = await addon().Network.load(cpu, description);
  t.true(own.bytes > 4 * 4 * 3 * 9);
  const session = await addon().Session.create([own], given).session;
  own.dispose();
  own.dispose();
  t.is(own.bytes, 0);
  await refused(t, () => engine.Session.create([own], given), /the network is disposed/);
  const wanted = await (await create()).step(2);
  t.deepEqual(await session.step(2), wanted);
  await session.dispose();
});

test('Session.create: no options', async (t) => {
  for (const wrong of [undefined, null, 5, {}])
    await refused(t, () => engine.Session.create([network], wrong), /./);
});

test('Session.estimate: the same checks, but no data is needed', async (t) => {
  const sizes = {
    start: { width: 24, height: 16 },
    images: [
      { width: 24, height: 16 },
      { width: 20, height: 20 },
    ],
    masks: [],
  };
  const options = { ...settings, ...sizes };
  const { network: weights, session } = addon().Session.estimate(cpu, [description], options);
  t.true(weights > 4 * 4 * 3 * 9 && session > 24 * 16 * 3 * 4 * 12);
  for (const wrong of [undefined, {}, network]) {
    await refused(t, () => engine.Session.estimate(wrong, options), /./);
    await refused(t, () => engine.Session.estimate(cpu, wrong, options), /networks must be an array/);
  }
  for (const wrong of [undefined, settings, { ...options, start: { width: 0, height: 1 } }]) {
    await refused(t, () => engine.Session.estimate(cpu, [description], wrong), /./);
  }
});

test("Session.estimate: what has the wrong type is Node's error, what cannot be is the engine's", (t) => {
  const side = { width: 24, height: 16 };
  const options = { ...settings, start: side, images: [side, side], masks: [] };
  const estimate = (changes: object) =>
    engine.Session.estimate(cpu, [description], { ...options, ...changes });
  for (const wrong of [{ threads: 0 }, { pooling: 'min' }, { start: {} }, { terms: 5 }]) {
    const error = t.throws<Error & { code?: string }>(() => estimate(wrong), { instanceOf: TypeError });
    t.not(error?.code, 'INTERNAL');
    t.not(error?.code, 'INVALID_ARGUMENT');
  }
  t.throws(() => engine.Session.estimate(cpu, description, options), { instanceOf: TypeError });
  for (const wrong of [
    { terms: [] },
    { terms: [styleTerm('relu9_1')] },
    { terms: [{ ...styleAt, kind: 'x' }] },
  ]) {
    t.throws(() => estimate(wrong), { instanceOf: Error, code: 'INVALID_ARGUMENT' });
  }
});

test('objects are not made, called or bent by hand', async (t) => {
  const session = await create();
  for (const type of [engine.Network, engine.Session, engine.Reservation]) {
    const instead = /use (Network\.load|Session\.create|Reservation\.make)\(\)/;
    await refused(t, () => new type(), instead);
    await refused(t, () => new type({}), instead);
    await refused(t, () => type(), /without 'new'/);
  }
  for (const method of ['step', 'proceed', 'image', 'save', 'restore', 'gradient', 'cancel', 'dispose']) {
    const call = engine.Session.prototype[method];
    for (const self of [undefined, {}, network, Object.create(session)]) {
      await refused(t, () => call.call(self), /Illegal invocation/);
    }
  }
  await session.dispose();
});

test('resample and whiteNoise check what they are given', async (t) => {
  const image = { ...wave(8, 4), channels: 3 };
  const how = { filter: 'lanczos', range: [0, 255] };
  const shapes = [
    undefined,
    null,
    {},
    { ...image, data: new Uint8Array(96) },
    { ...image, data: undefined },
    { ...image, channels: 4 },
    { ...image, channels: 0 },
    { ...image, width: 9 },
    { ...image, height: -4 },
  ];
  for (const wrong of shapes) await refused(t, () => engine.resample(cpu, wrong, 5, 5, how, 1), /./);
  for (const size of [0, -1, 1.5, Number.NaN, 2 ** 31, 2 ** 32 + 5, '5', undefined]) {
    await refused(t, () => engine.resample(cpu, image, size, 5, how, 1), /width must be an integer/);
    await refused(t, () => engine.resample(cpu, image, 5, size, how, 1), /height must be an integer/);
    await refused(t, () => engine.whiteNoise(size, 5, [1, 2, 3], 4, 5), /width must be an integer/);
    await refused(t, () => engine.whiteNoise(5, size, [1, 2, 3], 4, 5), /height must be an integer/);
  }
  await refused(t, () => engine.resample(cpu, image, 5, 5, how, 0), /threads must be an integer/);
  for (const range of [undefined, 255, [], [0], [0, 1, 2]]) {
    await refused(
      t,
      () => engine.resample(cpu, image, 5, 5, { ...how, range }, 1),
      /range must be an array of two numbers/,
    );
  }
  for (const range of [
    [1, 1],
    [2, 1],
    [Number.NaN, 1],
    [0, Number.NaN],
  ]) {
    await refused(
      t,
      () => engine.resample(cpu, image, 5, 5, { ...how, range }, 1),
      /range must begin below its end/,
    );
  }
  for (const mean of [undefined, 5, [1, 2], [1, 2, 3, 4]]) {
    await refused(t, () => engine.whiteNoise(5, 5, mean, 4, 5), /mean must be an array of three numbers/);
  }
});

test('selfCheck and useKernels check what they are given, and a build without CUDA refuses them', async (t) => {
  for (const device of [undefined, null, '0', -1, 0.5, 1025, Number.NaN]) {
    await refused(t, () => engine.selfCheck(device, false), /device must be an integer from 0 to 1024/);
    await refused(t, () => engine.useKernels(device, 'fast'), /device must be an integer from 0 to 1024/);
  }
  for (const kernels of [undefined, '', 'slow', 5]) {
    await refused(t, () => engine.useKernels(0, kernels), /kernels cannot be/);
  }
  if ((await addon().devices()).runtime !== 0) return;
  await refused(t, () => engine.selfCheck(0, true), /this build has no CUDA/);
  await refused(t, () => engine.useKernels(0, 'portable'), /this build has no CUDA/);
});

test('calls on one session at the same time run one after the other', async (t) => {
  const steps = async (session: Awaited<ReturnType<typeof create>>, together: boolean) => {
    const totals: number[] = [];
    if (together) {
      const done = await Promise.all(Array.from({ length: 8 }, () => session.step(1)));
      totals.push(...done.map(({ total }) => total));
    } else {
      for (let i = 0; i < 8; i++) totals.push((await session.step(1)).total);
    }
    const image = bits({ data: await session.image() });
    await session.dispose();
    return { totals: totals.sort((a, b) => a - b), image };
  };
  t.deepEqual(await steps(await create(), true), await steps(await create(), false));
});

test('images and gradients may be asked for at any time', async (t) => {
  const session = await create();
  t.deepEqual(await session.image(), start.data);
  t.is((await session.gradient()).length, start.data.length);
  const all = await Promise.all([session.step(1), session.image(), session.gradient(), session.step(1)]);
  t.is(all[1].length, start.data.length);
  await session.dispose();
});

test('a disposed session', async (t) => {
  const session = await create();
  const before = await session.image();
  t.is(await session.dispose(), undefined);
  t.is(await session.dispose(), undefined);
  t.is(session.cancel(), undefined);
  t.is(session.proceed(), undefined);
  for (const call of [
    () => session.step(1),
    () => session.image(),
    () => session.save(),
    () => session.restore({ vectors: {}, numbers: {} }),
    () => session.gradient(),
  ]) {
    await refused(t, call, /disposed/);
  }
  t.deepEqual(before, start.data, 'what was given away stays');
});

test('disposing of a session cancels what it is doing', async (t) => {
  const session = await create(large);
  const calls = [...Array.from({ length: 5 }, () => session.step(1)), session.image(), session.gradient()];
  await Promise.all([session.dispose(), session.dispose()]);
  for (const result of await Promise.allSettled(calls)) {
    if (result.status === 'rejected') t.is(result.reason.code, 'CANCELLED');
  }
  t.true((await Promise.allSettled(calls)).some(({ status }) => status === 'rejected'));
});

test('a cancelled session stays so, but still has its picture', async (t) => {
  const session = await create();
  session.cancel();
  for (let i = 0; i < 2; i++) await t.throwsAsync(session.step(1), { code: 'CANCELLED' });
  t.deepEqual(await session.image(), start.data);
  await session.dispose();
});

test('a creation can be cancelled, early or late, and more than once', async (t) => {
  const huge = { ...given, start: wave(600, 600), images: [wave(600, 600), style] };
  const { session, cancel } = addon().Session.create([network], huge);
  cancel();
  cancel();
  await t.throwsAsync(session, { code: 'CANCELLED' });
  cancel();
  const late = addon().Session.create([network], given);
  const made = await late.session;
  late.cancel();
  await t.throwsAsync(made.step(1), { code: 'CANCELLED' });
  await made.dispose();
});

test('a loss that is not finite', async (t) => {
  const session = await create({ terms: [...settings.terms, tvTerm(1e308)] });
  const error = await t.throwsAsync<Error & { iteration?: number }>(session.step(1), { code: 'DIVERGED' });
  t.is(error?.iteration, 1);
  t.deepEqual(await session.image(), start.data);
  await session.dispose();
});

test('sessions and networks that nobody disposes of are collected', async (t) => {
  const result = await child(
    `
    const [{ addon, cpuBackend }, { readNetwork }, { descriptionOf }] = await Promise.all([
      'engine/addon.js', 'weights/network.js', 'engine/layers.js',
    ].map((file) => import('./dist/' + file)));
    const image = wave(300, 300);
    const given = { ...${JSON.stringify(settings)}, start: image, images: [image, image], masks: [] };
    const description = descriptionOf(await readNetwork(base.weights), 4);
    let before = 0;
    for (let i = 0; i < 60; i++) {
      const network = await addon().Network.load(await cpuBackend(), description);
      await addon().Session.create([network], given).session.then((made) => made.step(1));
      if (i % 10 === 9) { gc(); await new Promise(setImmediate); }
      if (i === 19) before = process.memoryUsage.rss();
    }
    console.log(Math.round((process.memoryUsage.rss() - before) / 1e6));
  `,
    { flags: ['--expose-gc'] },
  );
  t.is(result.code, 0, result.stderr);
  // A session has 20 MB here, so 40 that stay would be 800.
  t.true(Number(result.stdout) < 300, `${result.stdout} MB more`);
});

const run = (code: string, cwd: string, env = {}) =>
  node(['--input-type=module', '--eval', code], { cwd, env });

/** A copy of the package without its engine, and what loading it says. */
async function messageWithout(t: ExecutionContext, name: string, prepare?: (copy: string) => Promise<void>) {
  const copy = join(folder, name);
  await cp(join(root, 'dist'), join(copy, 'dist'), { recursive: true });
  await cp(join(root, 'package.json'), join(copy, 'package.json'));
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
  await prepare?.(copy);
  const { code, stdout, stderr } = await run(
    `
    import { AddonError, stylize } from ${JSON.stringify(pathToFileURL(join(copy, 'dist', 'index.js')).href)};
    const image = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 };
    for (let i = 0; i < 2; i++) {
      const error = await stylize({ content: image, style: image, weights: 'none' }).catch((error) => error);
      if (!(error instanceof AddonError) || error.code !== 'ERR_ADDON' || !error.cause) throw error;
      console.log(error.message);
    }`,
    copy,
  );
  t.is(code, 0, stderr);
  const lines = stdout.trimEnd().split('\n');
  t.is(lines.length, 4);
  t.deepEqual(lines.slice(2), lines.slice(0, 2), 'it says the same again');
  return lines as [string, string, string, string];
}

const PLATFORM = `scumble has no native engine for ${process.platform}-${process.arch} (Node ${process.version}): `;
const COMMANDS =
  'Type "npm approve-scripts scumble" and install again, or "npx scumble build" to build it in place.';

test('without a binary the error says why, and what to type', async (t) => {
  const [reason, advice] = await messageWithout(t, 'missing');
  t.is(reason, `${PLATFORM}its install script has not run here.`);
  t.is(advice, COMMANDS);
});

test('a binary that is none is told from one that is missing', async (t) => {
  const [reason, advice] = await messageWithout(t, 'broken', async (copy) => {
    await mkdir(join(copy, 'build', 'Release'), { recursive: true });
    await writeFile(join(copy, 'build', 'Release', 'scumble.node'), 'This is text.');
  });
  t.true(reason.startsWith(PLATFORM));
  t.notRegex(reason, /install script/);
  t.true(reason.length > PLATFORM.length + 10);
  t.is(advice, COMMANDS);
});

test('an instruction set that this processor does not have is named, with those it has', async (t) => {
  const { stdout } = await run(
    `import { addon } from './dist/engine/addon.js';
    try { addon(); } catch ({ code, message }) { console.log(code, message); }`,
    root,
    { SCUMBLE_ISA: 'sse9' },
  );
  t.regex(stdout, /^ERR_ADDON .*SCUMBLE_ISA is "sse9"; this processor runs (\w+, )*portable\.\n/);
});
