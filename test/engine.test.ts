// An engine outlives its runs: what they share is read and packed once, kept for those under way, and told apart.

import { copyFile, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { addon, type EngineNetwork } from '../dist/engine/addon.js';
import {
  DeviceError,
  Engine,
  ImageError,
  OptionError,
  Run,
  type RunOptions,
  stylize,
  WeightsError,
} from '../dist/index.js';
import { bits, folder, network, options, small, wave } from './support/runs.js';

/** The engine's networks as they are loaded, until the test ends. */
function watchNetworks(t: ExecutionContext): { convolutions: number; network?: EngineNetwork }[] {
  const { Network } = addon();
  const loads: { convolutions: number; network?: EngineNetwork }[] = [];
  t.teardown(() => Object.assign(addon(), { Network }));
  addon().Network = {
    load: async (backend, description) => {
      const load: (typeof loads)[number] = { convolutions: description.convolutions.length };
      loads.push(load);
      load.network = await Network.load(backend, description);
      return load.network;
    },
  };
  return loads;
}

async function opened(t: ExecutionContext): Promise<Engine> {
  const engine = await Engine.open({ device: 'cpu' });
  t.teardown(() => engine.close());
  return engine;
}

async function paint(engine: Engine, changes: Partial<RunOptions> = {}): Promise<string> {
  const run = await Run.start(engine, options(changes));
  try {
    return bits(await run.finish());
  } finally {
    await run.dispose();
  }
}

const pyramid = { content: wave(30, 20), scales: 3, minSize: 8 };

let copies = 0;
async function copyOf(file: string): Promise<string> {
  const copy = join(folder, `copy-${copies++}.safetensors`);
  await copyFile(file, copy);
  return copy;
}

test('what it is', async (t) => {
  const engine = await opened(t);
  t.is(engine.device, 'cpu');
  t.is(engine.precision, 'exact');
  const auto = await Engine.open();
  t.truthy(auto.device);
  await auto.close();
  await auto.close();
  await engine[Symbol.asyncDispose]();
});

test('a device that is not there, and values that are none', async (t) => {
  const missing = await t.throwsAsync(Engine.open({ device: 'cuda:999' }), { instanceOf: DeviceError });
  t.is(missing?.device, 'cuda:999');
  t.is(missing?.code, 'ERR_DEVICE');
});

test.serial('runs at once and after each other share one network', async (t) => {
  const loads = watchNetworks(t);
  const engine = await opened(t);
  const alone = bits(await stylize(options(pyramid)));
  t.is(loads.length, 1);
  loads.length = 0;
  const together = await Promise.all(Array.from({ length: 4 }, () => paint(engine, pyramid)));
  const later = [await paint(engine, pyramid), await paint(engine, pyramid)];
  t.deepEqual(new Set([...together, ...later]), new Set([alone]));
  t.is(loads.length, 1);
  t.true(loads[0]!.network!.bytes > 0);
  await engine.close();
  t.is(loads[0]!.network!.bytes, 0);
});

test.serial('every engine has its own', async (t) => {
  const loads = watchNetworks(t);
  const [one, two] = [await opened(t), await opened(t)];
  t.is(await paint(one), await paint(two));
  t.is(loads.length, 2);
});

test.serial('a deeper objective reloads, and a shallower one is content with that', async (t) => {
  const loads = watchNetworks(t);
  const engine = await opened(t);
  const shallow = { contentLayers: ['relu1_1'], styleLayers: ['relu1_1'] };
  const wanted = await paint(engine, shallow);
  const standing = await Run.start(engine, options({ ...pyramid, ...shallow }));
  await standing.next();
  const end = bits(await stylize(options({ ...pyramid, ...shallow })));
  loads.splice(1);
  await paint(engine);
  t.deepEqual(loads.map(({ convolutions }) => convolutions), [1, 4]); // biome-ignore format: a list
  t.is(loads[0]!.network!.bytes, 0, 'which is let go of');
  t.is(await paint(engine, shallow), wanted);
  t.is(bits(await standing.finish()), end, 'a run that began with less goes on');
  await standing.dispose();
  t.is(loads.length, 2);
});

test.serial('a file that has changed is another network', async (t) => {
  const loads = watchNetworks(t);
  const engine = await opened(t);
  const weights = await copyOf(small);
  const before = await paint(engine, { weights });
  await copyFile(await network({ blocks: [2, 2], widths: [4, 6], seed: 77 }), weights);
  await utimes(weights, new Date(), new Date(Date.now() + 5000));
  const after = await paint(engine, { weights });
  t.not(after, before);
  t.is(await paint(engine, { weights }), after);
  t.is(loads.length, 2);
});

test.serial('close() while a run is under way: it has its network to the end', async (t) => {
  const loads = watchNetworks(t);
  const weights = await copyOf(small);
  const wanted = bits(await stylize(options({ ...pyramid, weights })));
  loads.length = 0;
  const engine = await opened(t);
  const run = await Run.start(engine, options({ ...pyramid, weights }));
  await run.next();
  await engine.close();
  await rm(weights);
  t.is(bits(await run.finish()), wanted);
  t.is(loads.length, 1);
  t.true(loads[0]!.network!.bytes > 0);
  await run.dispose();
  t.is(loads[0]!.network!.bytes, 0);
});

test.serial('close() while the network is on its way', async (t) => {
  const loads = watchNetworks(t);
  const engine = await opened(t);
  const run = await Run.start(engine, options());
  const first = run.next();
  await engine.close();
  t.is((await first)?.iteration, 1);
  t.is(bits(await run.finish()), bits(await stylize(options())));
  await run.dispose();
  t.deepEqual(loads.map(({ network }) => network?.bytes), [0, 0]); // biome-ignore format: a list
});

test.serial('a network that failed to load is tried again', async (t) => {
  const { Network } = addon();
  t.teardown(() => Object.assign(addon(), { Network }));
  addon().Network = { load: () => Promise.reject(new Error('not now')) };
  const engine = await opened(t);
  await t.throwsAsync(paint(engine), { message: 'not now' });
  addon().Network = Network;
  t.is(await paint(engine), bits(await stylize(options())));
});

test('errors are those of stylize(), and leave the engine as it was', async (t) => {
  const engine = await opened(t);
  const start = (changes: object) => Run.start(engine, options(changes));
  await t.throwsAsync(start({ size: 0 }), { instanceOf: OptionError, message: /^size must be/ });
  await t.throwsAsync(start({ iteration: 3 }), {
    instanceOf: OptionError,
    message: /iteration is not an option/,
  });
  await t.throwsAsync(start({ weights: '/nowhere' }), { instanceOf: WeightsError });
  await t.throwsAsync(start({ style: '/nowhere.png' }), { instanceOf: ImageError });
  await t.throwsAsync(start({ init: '/nowhere.png' }), { instanceOf: ImageError });
  await t.throwsAsync(start({ styleLayers: ['relu9_1'] }), { instanceOf: OptionError });
  await t.throwsAsync(start({ size: 1 }), { instanceOf: ImageError, code: 'ERR_IMAGE_SIZE' });
  const missing = await copyOf(small);
  await rm(missing);
  await t.throwsAsync(start({ weights: missing }), { instanceOf: WeightsError });
  await copyFile(small, missing);
  t.is(await paint(engine, { weights: missing }), await paint(engine), 'a file that was not there may come');
});

test('the picture carries where it was computed', async (t) => {
  const engine = await opened(t);
  const run = await Run.start(engine, options());
  t.like((await run.finish()).options, { device: 'cpu', precision: 'exact' });
  await run.dispose();
});
