// Long work on weights leaves the event loop its turns: what others have set to happen happens meanwhile.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import test from 'ava';
import { readNpz } from '../dist/weights/formats/npz.js';
import { asFloats } from '../dist/weights/formats/numbers.js';
import { readPytorch } from '../dist/weights/formats/pytorch.js';
import { rowMajor } from '../dist/weights/formats/strides.js';
import type { Tensor } from '../dist/weights/formats/tensors.js';
import { hashOf } from '../dist/weights/hash.js';
import { randomNetwork } from '../dist/weights/random.js';
import { engineKernel } from '../dist/weights/recognize-layout.js';
import { encodeNpz } from './support/numpy.js';
import { encodeArchive, raw, stateDict } from './support/pytorch.js';

const folder = await mkdtemp(join(tmpdir(), 'scumble-turns-'));
test.after.always(() => rm(folder, { recursive: true }));

/** How often the loop turns until `work` is done. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  await work();
  isDone = true;
  return turns;
}

const doubles: Tensor = { dtype: 'F64', shape: [512, 512, 3, 3], data: new Uint8Array(8 * 512 * 512 * 9) };
const large = new Uint8Array(64e6);

async function fileOf(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
}

for (const [title, work] of [
  ['a hash', () => hashOf('sha256', [large])],
  ['another type', () => asFloats(doubles)],
  ['another layout', () => engineKernel({ ...doubles, shape: [3, 3, 512, 512] }, 'HWIO')],
  ['another order of elements', () => rowMajor(large, 4, [4000, 4000], [1, 4000])],
  ['random weights', () => randomNetwork('vgg11', 1)],
] as const) {
  test.serial(`${title}: the loop turns`, async (t) => {
    t.true((await turnsDuring(work)) > 2);
  });
}

test.serial('many small pieces of work are one long one', async (t) => {
  const small: Tensor = { dtype: 'F64', shape: [2000], data: new Uint8Array(16_000) };
  const work = async () => {
    for (let i = 0; i < 2000; i++) await asFloats(small);
  };
  t.true((await turnsDuring(work)) > 2);
});

test.serial('an archive is checked, and a pickle run, in turns', async (t) => {
  const array: Tensor = { dtype: 'U8', shape: [large.length], data: large };
  const archive = await fileOf('large.npz', encodeNpz([['a', array]]));
  const reading = async () => {
    const { tensors } = await readNpz(archive);
    t.is(crc32(tensors.get('a')!.data), crc32(large));
  };
  t.true((await turnsDuring(reading)) > 10);

  const { object, storages } = stateDict([['a', { dtype: 'F32', shape: [1], data: new Uint8Array(4) }]]);
  const all = new Map<string, unknown>([
    ['history', raw('](', 'N'.repeat(200_000), 'e')],
    ['state', object],
  ]);
  const pickled = await fileOf('long.pth', encodeArchive({ object: all, storages }));
  t.true((await turnsDuring(() => readPytorch(pickled))) > 2);
});
