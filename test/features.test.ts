// The engine's features: what a network makes of an image at some layers.

import test from 'ava';
import { addon, type EngineBackend } from '../dist/engine/addon.js';
import { Engine } from '../dist/engine/engine.js';
import { featuresOf } from '../dist/engine/features.js';
import { architectureOf } from '../dist/engine/layers.js';
import type { Memory } from '../dist/engine/memory.js';
import type { Networks } from '../dist/engine/networks.js';
import { MemoryError, OptionError } from '../dist/index.js';
import { cpu, network } from './support/engine.js';
import { relative, small, wave } from './support/runs.js';

const HOW = { pooling: 'max', rounding: 'floor', threads: 2 } as const;
const image = wave(23, 17);

/** With what is internal. */
const open = async () =>
  (await Engine.open({ device: 'cpu' })) as Engine & {
    networks: Networks;
    backend: EngineBackend;
    memory(): Memory;
  };

test('layers in the order asked for, position by position', async (t) => {
  const layers = ['relu2_2', 'conv1_1', 'pool1', 'relu1_1'];
  const found = await addon().features(network, { ...HOW, layers, image }).features;
  t.deepEqual(
    found.map(({ width, height, channels }) => [width, height, channels]),
    [
      [11, 8, 6],
      [23, 17, 4],
      [11, 8, 4],
      [23, 17, 4],
    ],
  );
  for (const { data, width, height, channels } of found) t.is(data.length, width * height * channels);
  t.is(
    relative(
      found[3]!.data,
      found[1]!.data.map((value) => Math.max(0, value)),
    ),
    0,
  );
  // The same as what terms have as their targets.
  const terms = [
    { name: 'x', kind: 'content', weight: 1, layers: ['relu2_2'], targets: [{ image: 0, blend: 1 }] },
  ];
  const [[expected] = []] = await addon().collect([network], { ...HOW, seed: 0, terms, image });
  t.deepEqual(found[0]!.data, expected);
});

test('what cannot be is refused', async (t) => {
  // biome-ignore lint/suspicious/noExplicitAny: these calls hand in what the types forbid
  const engine = addon() as any;
  const call = (net: unknown, change: object) => async () =>
    engine.features(net, { ...HOW, layers: ['relu1_1'], image, ...change }).features;
  for (const [act, message] of [
    [call({}, {}), /the network must be one that Network\.load\(\) made/],
    [call(network, { layers: [] }), /layers must be an array of at least one/],
    [call(network, { layers: 'relu1_1' }), /layers must be an array/],
    [call(network, { layers: ['relu9_9'] }), /relu9_9/],
    [call(network, { layers: ['relu1_1', 'relu1_1'] }), /relu1_1/],
    [call(network, { pooling: 'min' }), /pooling cannot be min/],
    [call(network, { threads: 0 }), /threads must be an integer/],
    [call(network, { image: { ...image, width: 24 } }), /data must have/],
    [call(network, { image: undefined }), /image must be an object/],
  ] as const) {
    t.regex((await t.throwsAsync(act))!.message, message);
  }
  t.throws(() => engine.featureBytes(cpu, {}, { ...HOW, layers: ['relu1_1'], image }), {
    message: /channelOrder/,
  });
});

test('it can be cancelled', async (t) => {
  const { features, cancel } = addon().features(network, {
    ...HOW,
    layers: ['relu2_2'],
    image: wave(700, 700),
  });
  cancel();
  await t.throwsAsync(features, { code: 'CANCELLED' });
});

test('memory is set aside while they are made, and given back', async (t) => {
  const engine = await open();
  t.teardown(() => engine.close());
  const shared = await engine.networks.open(small);
  const [found] = await featuresOf(engine, shared, image, ['relu2_1'], { threads: 1 });
  t.is(found!.channels, 6);
  const shape = architectureOf(shared.shape, 3);
  const bytes = addon().featureBytes(engine.backend, shape, {
    ...HOW,
    threads: 1,
    layers: ['relu2_1'],
    image,
  });
  t.true(bytes > found!.data.byteLength);
  const { memory } = engine;
  t.teardown(() => Object.assign(engine, { memory }));
  Object.assign(engine, { memory: () => ({ account: 'nothing', of: 'memory', available: 0, taken: 0 }) });
  for (let i = 0; i < 2; i++) {
    const error = await t.throwsAsync(featuresOf(engine, shared, image, ['relu2_1'], { threads: 1 }), {
      instanceOf: MemoryError,
    });
    t.is(error!.required, bytes);
    t.regex(error!.message, /^the features of 23 × 17 pixels need 1 MB of memory and 0 MB are free$/);
  }
  await t.throwsAsync(featuresOf(engine, shared, image, ['relu7_1'], { threads: 1 }), {
    instanceOf: OptionError,
  });
});

test('an abort rejects with its reason', async (t) => {
  const engine = await open();
  t.teardown(() => engine.close());
  const shared = await engine.networks.open(small);
  const reason = new Error('enough');
  const stop = new AbortController();
  const made = featuresOf(engine, shared, wave(700, 700), ['relu2_2'], { threads: 1, signal: stop.signal });
  setImmediate(() => stop.abort(reason));
  t.is(await t.throwsAsync(made), reason);
  const late = featuresOf(engine, shared, image, ['relu2_2'], { threads: 1, signal: stop.signal });
  t.is(await t.throwsAsync(late), reason);
});
