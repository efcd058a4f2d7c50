// Files of Caffe, ONNX, MATLAB and HDF5 that lie: about lengths, shapes, depth, size and other files.

import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { File, FS, ready } from 'h5wasm';
import { Writer } from 'protobufjs/minimal.js';
import { WeightsError } from '../dist/errors.js';
import { readCaffe } from '../dist/weights/formats/caffe.js';
import { readHdf5 } from '../dist/weights/formats/hdf5.js';
import { readMatlab } from '../dist/weights/formats/matlab.js';
import { readOnnx } from '../dist/weights/formats/onnx.js';
import type { Tensor } from '../dist/weights/formats/tensors.js';
import { encodeCaffe, tag } from './support/caffe.js';
import { encodeHdf5 } from './support/hdf5.js';
import { element, encodeMatlab, int32, type MatlabValue, matrix, matrixOf } from './support/matlab.js';
import { encodeOnnx } from './support/onnx.js';

await ready;
const folder = await mkdtemp(join(tmpdir(), 'scumble-hostile-'));
test.after.always(() => rm(folder, { recursive: true }));

let files = 0;
type Reader = (path: string) => Promise<unknown>;

async function refused(
  t: ExecutionContext,
  read: Reader,
  bytes: Uint8Array,
  message: RegExp,
  offset?: number,
) {
  const path = join(folder, `${files++}`);
  await writeFile(path, bytes);
  const error = await t.throwsAsync(read(path), { instanceOf: WeightsError, message });
  t.is(error?.file, path);
  if (offset === undefined) t.is(typeof error?.offset, 'number');
  else t.is(error?.offset, offset);
}

const four: Tensor = { dtype: 'F32', shape: [2, 2], data: new Uint8Array(16) };
const conv = (blob: Tensor) => [{ name: 'c', kind: 'Convolution' as const, blobs: [blob] }];

test('Caffe', async (t) => {
  const sound = encodeCaffe(conv(four), 2);
  await refused(t, readCaffe, sound.subarray(0, -1), /has a field of \d+ bytes, but only \d+ follow/, 5);
  await refused(t, readCaffe, Buffer.from('\x0a\x03net'), /no layer of it has weights/, 0);
  await refused(t, readCaffe, encodeCaffe(conv({ ...four, shape: [2, 3] }), 1), /needs 24 bytes, but has 16/);
  await refused(t, readCaffe, encodeCaffe(conv({ ...four, shape: [-2, -2] }), 2), /shape \[-2, -2\]/);
  await refused(
    t,
    readCaffe,
    encodeCaffe(conv({ ...four, shape: [2 ** 31, 2 ** 31, 2 ** 31] }), 2),
    /has shape/,
  );
  await refused(t, readCaffe, encodeCaffe([...conv(four), ...conv(four)], 2), /'c' is there twice/);
  await refused(t, readCaffe, Uint8Array.of(0x0b), /wire type 3/, 0);
  await refused(
    t,
    readCaffe,
    new Uint8Array(2_000_002).fill(0x18).map((_, i) => (i % 2 ? 0 : 0x18)),
    /more than 1000000 fields/,
  );
});

test('ONNX', async (t) => {
  const model = (tensor: Tensor, options = {}) => encodeOnnx([['w', tensor]], options);
  await refused(t, readOnnx, model({ ...four, shape: [2, 2, 2] }), /needs 32 bytes, but has 16/);
  await refused(t, readOnnx, model({ ...four, shape: [-1] }), /has shape \[-1\]/);
  await refused(
    t,
    readOnnx,
    encodeOnnx([
      ['w', four],
      ['w', four],
    ]),
    /'w' is there twice/,
  );
  await refused(t, readOnnx, Uint8Array.of(8, 8), /it has no graph/, 0);
  const unknown = Writer.create().uint32(tag(7)).fork().uint32(tag(5)).fork().uint32(tag(2, 0)).int32(99);
  await refused(t, readOnnx, unknown.ldelim().ldelim().finish(), /has data type 99/);
});

test('ONNX with its data in other files', async (t) => {
  const model = (external: string, tensor = four) => encodeOnnx([['w', tensor]], { external });
  for (const name of ['/etc/passwd', '../w.bin', 'a/../../w.bin', 'a\\\\b', 'c:w.bin', '', '.']) {
    await refused(t, readOnnx, model(name), /its data in '.*', which is no file in its folder/);
  }
  await refused(t, readOnnx, model('nowhere.bin'), /'nowhere\.bin', which is not beside it/);
  const outside = await mkdtemp(join(tmpdir(), 'scumble-outside-'));
  t.teardown(() => rm(outside, { recursive: true }));
  await writeFile(join(outside, 'secret'), new Uint8Array(16));
  await symlink(join(outside, 'secret'), join(folder, 'link.bin'));
  await symlink(outside, join(folder, 'away'));
  await refused(t, readOnnx, model('link.bin'), /a link that leads out of its folder/);
  await refused(t, readOnnx, model('away/secret'), /a link that leads out of its folder/);
  const huge = { ...four, shape: [2 ** 20, 2 ** 20] };
  await refused(t, readOnnx, model('w.bin', huge), /needs 4398046511104 bytes, but has 16 in 'w\.bin'/);

  await writeFile(join(folder, 'w.bin'), new Uint8Array(20));
  await symlink('w.bin', join(folder, 'here.bin'));
  const path = join(folder, 'external.onnx');
  await writeFile(path, model('here.bin'));
  t.deepEqual((await readOnnx(path)).tensors, new Map([['w', four]]), 'a link within the folder');
  await writeFile(
    path,
    encodeOnnx(
      [
        ['a', four],
        ['b', four],
      ],
      { external: 'w.bin' },
    ),
  );
  const error = await t.throwsAsync(readOnnx(path), { instanceOf: WeightsError });
  t.regex(error?.message ?? '', /w\.bin: 16 bytes should be here, but only 4 follow/);
});

test('MATLAB', async (t) => {
  const file = (...matrices: Uint8Array[]) => encodeMatlab(matrices);
  const numbers = (sizes: number[], data: Uint8Array) => matrix(7, sizes, 'a', [element(7, data)]);
  await refused(t, readMatlab, new Uint8Array(40), /no little-endian MATLAB file/, 40);
  await refused(t, readMatlab, file(numbers([2, 2], new Uint8Array(12))), /needs 16 bytes, but has 12/);
  await refused(t, readMatlab, file(numbers([-1, 4], new Uint8Array(12))), /has sizes \[-1, 4\]/);
  await refused(t, readMatlab, file(numbers([1, 0x7fffffff, 0x7fffffff], new Uint8Array(8))), /has sizes/);
  await refused(t, readMatlab, file(matrix(1, [1, 1e9], 'c', [])), /ends within an element/);
  await refused(t, readMatlab, file(element(9, new Uint8Array(16))), /element of type 9, not an array/);
  await refused(
    t,
    readMatlab,
    file(matrix(2, [1, 1], 's', [element(5, int32(0)), element(1, new Uint8Array(8))])),
    /field names of 0 bytes/,
  );
  let deep: MatlabValue = four;
  for (let i = 0; i < 40; i++) deep = [deep];
  await refused(t, readMatlab, file(matrixOf(deep, 'd')), /arrays within arrays 32 deep/);
  const tags = Buffer.alloc(16);
  tags.writeUInt32LE(14, 0);
  tags.writeUInt32LE(0xfffffff0, 4);
  await refused(t, readMatlab, file(tags), /element of 4294967280 bytes, but only 8 follow/, 128);
});

test('MATLAB, compressed', async (t) => {
  const bomb: Tensor = { dtype: 'F32', shape: [4e6], data: new Uint8Array(16e6) };
  const packed = encodeMatlab(new Map([['bomb', bomb]]), true);
  t.true(packed.length < 20_000);
  await refused(t, readMatlab, packed, /more than twice its size/, 128);
  const sound = encodeMatlab(new Map([['a', four]]), true);
  const damaged = Buffer.from(sound);
  damaged[150]! ^= 0xff;
  await refused(
    t,
    readMatlab,
    damaged,
    /damaged compressed data|compressed data than it says|bytes into compressed data/,
    128,
  );
});

test('HDF5', async (t) => {
  const sound = encodeHdf5([['a', four]]);
  await refused(t, readHdf5, new Uint8Array(100), /no superblock/, 0);
  await refused(t, readHdf5, sound.subarray(0, 100), /is damaged/, 0);
  const made = (fill: (file: File) => void) => {
    const file = new File('/hostile.h5', 'w');
    fill(file);
    file.close();
    return FS!.readFile('/hostile.h5') as Uint8Array;
  };
  const zeros = new Float32Array(4e6);
  const bomb = made((file) =>
    file.create_dataset({ name: 'a', data: zeros, shape: [4e6], chunks: [1e5], compression: 9 }),
  );
  t.true(bomb.length < 1e5);
  await refused(t, readHdf5, bomb, /would take more than twice the file's size of memory, by "a"/, 0);
  await refused(
    t,
    readHdf5,
    made((file) => file.create_external_link('/etc/passwd', '/', 'a')),
    /has a link/,
  );
  await refused(
    t,
    readHdf5,
    made((file) => file.create_soft_link('/nowhere', 'a')),
    /has a link/,
  );
  await refused(
    t,
    readHdf5,
    made((file) => {
      file.create_group('g');
      file.create_hard_link('/g', '/g/g');
    }),
    /groups within groups 32 deep/,
  );
  const path = join(folder, 'sound.h5');
  await writeFile(path, sound);
  t.deepEqual((await readHdf5(path)).tensors, new Map([['a', four]]), 'there is a worker for the next');
});
