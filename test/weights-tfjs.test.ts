// The reader of TensorFlow.js layers models: shards, weights in fewer bits, and manifests that ask for other files.

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { WeightsError } from '../dist/errors.js';
import type { Tensor } from '../dist/weights/formats/tensors.js';
import { readTfjs } from '../dist/weights/formats/tfjs.js';
import { tinyNetwork } from './support/safetensors.js';
import { tfjsManifest, tfjsModel } from './support/tfjs.js';

const folder = await mkdtemp(join(tmpdir(), 'scumble-tfjs-'));
test.after.always(() => rm(folder, { recursive: true }));

let models = 0;
/** A model.json with this content, whatever it is, and files beside it. */
async function modelOf(content: unknown, shards: Record<string, Uint8Array> = {}): Promise<string> {
  const place = join(folder, `${models++}`);
  for (const [name, bytes] of Object.entries({ ...shards, 'model.json': text(content) })) {
    await mkdir(dirname(join(place, name)), { recursive: true });
    await writeFile(join(place, name), bytes);
  }
  return join(place, 'model.json');
}

const text = (content: unknown) =>
  content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));

async function refused(
  t: ExecutionContext,
  model: string,
  message: RegExp,
  file = model,
): Promise<WeightsError> {
  const error = await t.throwsAsync(readTfjs(model), { instanceOf: WeightsError, message });
  t.is(error?.file, file);
  t.regex(error?.message.slice(file.length) ?? '', /^: \P{Cc}+$/u);
  return error!;
}

const weight = { name: 'a', shape: [2], dtype: 'float32' };
const one = (changes: object, paths: unknown = ['a.bin']) => ({
  weightsManifest: [{ paths, weights: [{ ...weight, ...changes }] }],
});

test('a network goes through a model bit by bit, in one shard or many', async (t) => {
  const { tensors } = tinyNetwork();
  for (const shardBytes of [4 << 20, 1001]) {
    const model = await tfjsModel(join(folder, `network-${shardBytes}`), tensors, shardBytes);
    t.deepEqual((await readTfjs(model)).tensors, tensors);
  }
});

test('several groups, types and folders', async (t) => {
  const data = Uint8Array.from({ length: 16 }, (_, i) => i);
  const groups = [
    { paths: ['x/a.bin'], weights: [weight, { name: 'b', shape: [], dtype: 'int32' }] },
    { paths: [], weights: [] },
    { paths: ['y.bin'], weights: [{ name: 'c', shape: [2, 2], dtype: 'uint8' }] },
  ];
  const model = await modelOf(
    { format: 'layers-model', weightsManifest: groups },
    { 'x/a.bin': data.subarray(0, 12), 'y.bin': data.subarray(12) },
  );
  const expected: [string, Tensor][] = [
    ['a', { dtype: 'F32', shape: [2], data: data.slice(0, 8) }],
    ['b', { dtype: 'I32', shape: [], data: data.slice(8, 12) }],
    ['c', { dtype: 'U8', shape: [2, 2], data: data.slice(12) }],
  ];
  t.deepEqual((await readTfjs(model)).tensors, new Map(expected));
});

test('weights in 8 and 16 bits become what TensorFlow.js makes of them', async (t) => {
  const [scale, min] = [0.1, -1.7];
  const stored = { uint8: Uint8Array.of(0, 1, 254, 255), uint16: Uint16Array.of(0, 1, 65534, 65535) };
  for (const [dtype, values] of Object.entries(stored)) {
    const model = await modelOf(one({ shape: [2, 2], quantization: { dtype, scale, min } }), {
      'a.bin': new Uint8Array(values.buffer),
    });
    const expected = Float32Array.from(values, (value) => value * scale + min);
    t.deepEqual((await readTfjs(model)).tensors.get('a'), {
      dtype: 'F32',
      shape: [2, 2],
      data: new Uint8Array(expected.buffer),
    });
  }
  const half = await modelOf(one({ quantization: { dtype: 'float16' } }), {
    'a.bin': Uint8Array.of(1, 2, 3, 4),
  });
  t.deepEqual((await readTfjs(half)).tensors.get('a'), {
    dtype: 'F16',
    shape: [2],
    data: Uint8Array.of(1, 2, 3, 4),
  });
});

const outside = ['../a.bin', '/etc/passwd', 'x/../../a.bin', './a.bin', 'x//a.bin', '', '..', 'C:a.bin'];
for (const path of [...outside, 'x\\..\\a.bin', 'http://host/a.bin', 'a\0.bin', 'a'.repeat(201), 5, null]) {
  test(`opens no file at ${JSON.stringify(path)?.slice(0, 30)}`, async (t) => {
    const error = await refused(
      t,
      await modelOf(one({}, [path])),
      /has path .* which is no file in its folder/,
    );
    t.is(typeof error.offset, 'number');
  });
}

for (const [content, message] of [
  [null, /is not a model but null/],
  [[], /is not a model but \[\]/],
  [{}, /is JSON, but no model of TensorFlow\.js: it lists no weights/],
  [{ format: 'graph-model', weightsManifest: [] }, /has format 'graph-model', not 'layers-model'/],
  [{ weightsManifest: [null] }, /has null for a group of weights/],
  [{ weightsManifest: [{ paths: 'a.bin', weights: [] }] }, /for a group of weights/],
  [{ weightsManifest: [{ paths: [], weights: [5] }] }, /has 5 for a weight/],
  [one({ name: 5 }), /for a weight/],
  [one({ shape: [-1] }), /weight 'a' with shape \[-1\]/],
  [one({ shape: Array(65).fill(1) }), /weight 'a' with shape/],
  [one({ shape: [2 ** 40, 2 ** 40] }), /which overflows/],
  [one({ shape: [1e15] }), /the weights need 4000000000000000 bytes, but the shards have 8/],
  [one({ shape: [1] }), /the weights need 4 bytes, but the shards have 8/],
  [one({ dtype: 'string' }), /of dtype 'string'; supported are float32/],
  [one({ dtype: 'toString' }), /of dtype 'toString'/],
  [one({ quantization: null }), /of dtype float32 with quantization null/],
  [
    one({ dtype: 'int32', quantization: { dtype: 'uint8', scale: 1, min: 0 } }),
    /of dtype int32 with quantization/,
  ],
  [one({ quantization: { dtype: 'uint4' } }), /quantised to 'uint4'; supported are/],
  [one({ quantization: { dtype: 'uint8', scale: null, min: 0 } }), /with scale null and min 0/],
  [one({}, ['a.bin', 'a.bin']), /has path 'a\.bin' twice/],
  [
    one(
      {},
      Array.from({ length: 1001 }, (_, i) => `${i}`),
    ),
    /has more than 1000 paths/,
  ],
  [{ weightsManifest: [{ paths: [], weights: [weight, weight] }] }, /has weight 'a' twice/],
  [Buffer.from('{"weightsManifest":['), /is not JSON in UTF-8/],
  [Buffer.from([0x22, 0xff, 0x22]), /is not JSON in UTF-8/],
  [Buffer.from('['.repeat(9e5)), /is not JSON in UTF-8/],
] as const) {
  test(`refuses ${text(content).toString('latin1').slice(0, 150)}`, async (t) => {
    const error = await refused(t, await modelOf(content, { 'a.bin': new Uint8Array(8) }), message);
    t.is(typeof error.offset, 'number');
  });
}

test('refuses a model of more than 1 MB, and one whose shard is missing or a folder', async (t) => {
  await refused(t, await modelOf(Buffer.alloc(1e6 + 1, ' ')), /has 1000001 bytes, more than the limit/);
  const missing = await modelOf(one({}));
  await refused(t, missing, /keeps its weights in 'a\.bin', which is not beside it/);
  const directory = await modelOf(one({}), { 'a.bin/b': new Uint8Array(8) });
  await refused(t, directory, /is not a regular file/, join(dirname(directory), 'a.bin'));
});

test('refuses a shard that is a link out of the folder', async (t) => {
  const model = await modelOf(one({}));
  const outside = join(dirname(dirname(model)), 'outside.bin');
  await writeFile(outside, new Uint8Array(8));
  await symlink(outside, join(dirname(model), 'a.bin'));
  await refused(t, model, /'a\.bin', which is a link that leads out of its folder/);
});

test('names the place in the manifest', async (t) => {
  const manifest = tfjsManifest([['b', { dtype: 'F32', shape: [1e9], data: new Uint8Array() }]], ['a.bin']);
  const model = await modelOf(manifest, { 'a.bin': new Uint8Array(4) });
  t.is(
    (await refused(t, model, /need 4000000000 bytes/)).offset,
    JSON.stringify(manifest).indexOf('"a.bin"'),
  );
});
