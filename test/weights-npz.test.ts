// The readers of NumPy's arrays and of archives of them: what they read they read exactly, and archives that lie.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { WeightsError } from '../dist/errors.js';
import { readNpy } from '../dist/weights/formats/npy.js';
import { readNpz, readNumpy } from '../dist/weights/formats/npz.js';
import type { Tensor, TensorFile } from '../dist/weights/formats/tensors.js';
import {
  type BytesStyle,
  encodeNpy,
  encodeNpz,
  encodeObjectNpy,
  layersOf,
  ndarray,
  npyWith,
} from './support/numpy.js';
import { called, instance, pickle, raw, tuple } from './support/pytorch.js';
import { tinyNetwork } from './support/safetensors.js';
import { encodeZip, type ZipPart } from './support/zip.js';

const folder = await mkdtemp(join(tmpdir(), 'scumble-npz-'));
test.after.always(() => rm(folder, { recursive: true }));

let files = 0;
async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `${files++}`);
  await writeFile(path, bytes);
  return path;
}

async function refused(
  t: ExecutionContext,
  read: (path: string) => Promise<TensorFile>,
  bytes: Uint8Array,
  message: RegExp,
): Promise<number> {
  const path = await fileOf(bytes);
  const error = await t.throwsAsync(read(path), { instanceOf: WeightsError, message });
  t.is(error?.file, path);
  t.true(Number.isInteger(error?.offset) && error!.offset! <= bytes.length);
  t.regex(error?.message.slice(path.length) ?? '', /^: \P{Cc}+ \(at byte \d+\)$/u);
  return error?.offset ?? Number.NaN;
}

const array = (dtype: Tensor['dtype'], shape: number[], bytes: number): Tensor => ({
  dtype,
  shape,
  data: Uint8Array.from({ length: bytes }, (_, i) => i),
});

const readArray = async (bytes: Uint8Array) => (await readNpy(await fileOf(bytes))).tensors.get('arr_0');

test('a network goes through an archive bit by bit, compressed or not', async (t) => {
  const { tensors } = tinyNetwork();
  for (const compress of [false, true]) {
    t.deepEqual((await readNpz(await fileOf(encodeNpz(tensors, compress)))).tensors, tensors);
  }
});

test('what NumPy wrote', async (t) => {
  for (const name of ['numpy.npz', 'numpy-compressed.npz']) {
    const { tensors } = await readNpz(fileURLToPath(new URL(`fixtures/${name}`, import.meta.url)));
    t.deepEqual([...tensors.keys()], ['rows', 'layer/columns', 'half', 'number', 'none', 'arr_0']);
    const doubles = (name: string) => [...new Float64Array(Uint8Array.from(tensors.get(name)!.data).buffer)];
    const counting = Array.from({ length: 24 }, (_, i) => i);
    t.deepEqual(doubles('rows'), counting);
    t.deepEqual(doubles('layer/columns'), counting);
    t.deepEqual(tensors.get('layer/columns')?.shape, [2, 3, 4]);
    t.deepEqual(tensors.get('half'), { dtype: 'F16', shape: [2], data: Uint8Array.of(0, 0x3c, 0, 0xc0) });
    t.deepEqual(tensors.get('number'), { dtype: 'F32', shape: [], data: Uint8Array.of(0, 0, 0, 0xbf) });
    t.deepEqual(tensors.get('none')?.shape, [0, 5]);
    t.deepEqual(tensors.get('arr_0'), {
      dtype: 'I64',
      shape: [1],
      data: Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0),
    });
  }
});

test('all types of elements, versions and shapes', async (t) => {
  const sizes = {
    F64: 8,
    F32: 4,
    F16: 2,
    I64: 8,
    I32: 4,
    I16: 2,
    I8: 1,
    U64: 8,
    U32: 4,
    U16: 2,
    U8: 1,
    BOOL: 1,
  };
  for (const [dtype, size] of Object.entries(sizes) as [Tensor['dtype'], number][]) {
    for (const version of [1, 2, 3]) {
      const tensor = array(dtype, [3, 1, 2], 6 * size);
      t.deepEqual(await readArray(encodeNpy(tensor, false, version)), tensor);
    }
  }
  for (const shape of [[], [1], [0], [3, 0]]) {
    const tensor = array('F32', shape, shape.includes(0) ? 0 : 4);
    t.deepEqual(await readArray(encodeNpy(tensor)), tensor);
    t.deepEqual(await readArray(encodeNpy(tensor, true)), tensor);
  }
});

test('columns become rows', async (t) => {
  const columns = array('U8', [2, 3, 2], 12);
  t.deepEqual([...(await readArray(encodeNpy(columns, true)))!.data], [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
  const wide = await readArray(encodeNpy(array('I16', [2, 2], 8), true));
  t.deepEqual([...wide!.data], [0, 1, 4, 5, 2, 3, 6, 7]);
});

test('headers as other programs write them', async (t) => {
  const data = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  for (const header of [
    `{'descr':'<f4','fortran_order':False,'shape':(2,)}`,
    `{"shape": (2, ), "fortran_order": False, "descr": "<f4"}`,
    ` { 'descr' : '<f4' , 'shape' : ( 2L , 1 ) , 'fortran_order' : False , } `,
  ]) {
    t.deepEqual((await readArray(npyWith(header, data)))?.data, data, header);
  }
});

const header = (shape: string, descr = `'<f4'`, order = 'False') =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;

for (const [text, message] of [
  [header('(3,)'), /F32 \[3\] needs 12 bytes, but 8 follow/],
  [header('(1,)'), /F32 \[1\] needs 4 bytes, but 8 follow/],
  [header('(9999999999999999, 0)'), /a shape that overflows/],
  [header('(9007199254740991, 0)'), /which overflows/],
  [header('(99999999999999999999,)'), /a shape that overflows/],
  [header('(-2,)'), /is not understood/],
  [header('(2)'), /has a number for a shape/],
  [header('(2, 1.0)'), /is not understood/],
  [header('[2]'), /is not understood/],
  [header(`(${'1,'.repeat(65)})`), /a shape of more than 64 sizes/],
  [header('(2,)', `'>f4'`), /descr '>f4': not little-endian/],
  [header('(2,)', `'|S2'`), /descr '\|S2'; supported are f8 f4/],
  [header('(2,)', `'|O'`), /the pickle has instruction 0x00/],
  [header('(2,)', `'<c8'`), /descr '<c8'; supported are/],
  [header('(2,)', `'<toString'`), /descr '<toString'; supported are/],
  [header('(2,)', `[('a', '<f4')]`), /a descr that is no plain type/],
  [header('(2,)', `'<f4'`, '0'), /expected True\|False/],
  [header('(2,)', `'<f4'`, `__import__('os')`), /expected True\|False/],
  [`{'descr': '<f4', 'shape': (2,), }`, /lacks one of descr, fortran_order and shape/],
  [`{'descr': '<f4', 'descr': '<f4', }`, /has 'descr' twice or for nothing/],
  [`{'descr': '<f4', 'other': 1, }`, /has 'other' twice or for nothing/],
  [`${header('(2,)')} or 1`, /goes on after its dictionary/],
  [`{'\u001b[2J\u0007`, /is not understood/],
  ['', /is not understood/],
  [' '.repeat(20_000), /header of 20\d\d\d bytes, more than the limit of 10000/],
] as const) {
  test(`refuses the header ${JSON.stringify(text.slice(0, 90))}`, async (t) => {
    await refused(t, readNpy, npyWith(text, new Uint8Array(8)), message);
  });
}

test('refuses what is no array, or not a whole one', async (t) => {
  const good = encodeNpy(array('F32', [2], 8));
  await refused(t, readNpy, new Uint8Array(), /does not start with/);
  await refused(t, readNpy, Buffer.from('\x93NUMPX', 'latin1'), /does not start with/);
  await refused(t, readNpy, good.subarray(0, 6), /version undefined/);
  await refused(t, readNpy, good.subarray(0, 9), /ends within the header/);
  t.is(await refused(t, readNpy, good.subarray(0, 50), /header of 118 bytes, but only 40 follow/), 8);
  t.is(await refused(t, readNpy, good.subarray(0, -1), /needs 8 bytes, but 7 follow/), 128);
  const version = Uint8Array.from(good);
  version[6] = 4;
  t.is(await refused(t, readNpy, version, /version 4, not 1 to 3/), 6);
});

test('refuses archives that hold anything else, or twice the same', async (t) => {
  const part = (name: string, more: Partial<ZipPart> = {}): ZipPart => ({
    name,
    bytes: encodeNpy(array('F32', [64], 256)),
    ...more,
  });
  const zip = (...parts: ZipPart[]) => encodeZip(parts);
  const refusedZip = (message: RegExp, ...parts: ZipPart[]) => refused(t, readNpz, zip(...parts), message);
  await refusedZip(/entry 'a\.txt' is no \.npy array/, part('a.txt'));
  await refusedZip(/two entries named 'a\.npy'/, part('a.npy'), part('a.npy'));
  await refusedZip(/invalid relative path: \.\.\/a\.npy/, part('../a.npy'));
  await refusedZip(/invalid relative path: a\/\.\.\/\.\.\/b\.npy/, part('a/../../b.npy'));
  await refusedZip(/absolute path: \/etc\/a\.npy/, part('/etc/a.npy'));
  await refusedZip(/absolute path: C:\/a\.npy/, part('C:\\a.npy'));
  await refusedZip(/entry 'a\.npy' is damaged: its checksum/, part('a.npy', { crc: 1 }));
  await refusedZip(/unsupported compression method: 12/, part('a.npy', { method: 12 }));
  await refusedZip(/entry 'a\.npy' is encrypted/, part('a.npy', { flags: 1, compress: true }));
  await refusedZip(/sizes? mismatch|size mismatch for stored/, part('a.npy', { size: 999 }));
  await refusedZip(/goes on after the end of the file/, part('a.npy', { offset: 0x7fffffff }));
  await refusedZip(/invalid local file header/, part('a.npy', { offset: 10 }));
  const place = await refusedZip(
    /does not start with/,
    part('a.npy'),
    part('b.npy', { bytes: Buffer.from('none') }),
  );
  t.is(place, 384 + 35 + 35); // in the second of two entries with headers of 30 bytes and names of 5
  t.deepEqual([...(await readNpz(await fileOf(zip(part('a/'), part('a/b.npy'))))).tensors.keys()], ['a/b']);
});

test('refuses bombs before they go off', async (t) => {
  const zeros: ZipPart = { name: 'a.npy', bytes: new Uint8Array(3e6), compress: true };
  const bomb = encodeZip([zeros]);
  t.true(bomb.length < 4000);
  await refused(
    t,
    readNpz,
    bomb,
    /would take 3000000 bytes of memory, more than twice its size; save it without compression/,
  );
  // One that says it has less inflates to no more than it says.
  await refused(t, readNpz, encodeZip([{ ...zeros, size: 1000 }]), /is not a sound zip archive/);
  await refused(
    t,
    readNpz,
    encodeZip([{ ...zeros, bytes: new Uint8Array(9), size: 1000 }]),
    /is not a sound zip archive/,
  );
  await refused(t, readNpz, encodeZip([{ ...zeros, size: 0xfffffffe }]), /would take 4294967294 bytes/);
  // Entries that share their bytes.
  const once: ZipPart = { name: '0.npy', bytes: encodeNpy(array('F32', [64], 256)) };
  const overlapping = Array.from({ length: 4000 }, (_, i) => ({
    ...once,
    name: `${i}.npy`,
    bytes: new Uint8Array(),
  }));
  const lies = overlapping.map((part) => ({ ...part, compress: true, size: 1000, offset: 0 }));
  await refused(
    t,
    readNpz,
    encodeZip([{ ...once, name: 'x.npy' }, ...lies]),
    /would take \d+ bytes of memory/,
  );
  const many = Array.from({ length: 4097 }, (_, i) => ({ name: `${i}.npy`, bytes: new Uint8Array() }));
  await refused(t, readNpz, encodeZip(many), /has 4097 entries, more than the limit of 4096/);
});

test('a pickled dictionary is read, whichever Python wrote it', async (t) => {
  const { tensors } = tinyNetwork({ blocks: [1, 1], widths: [100, 100] }); // long enough for instructions of long text
  const named = [...tensors].map(([name, tensor]): [string, Tensor] => {
    const [layer, role] = name.split('.');
    return [`${layer}.${role === 'weight' ? 0 : 1}`, tensor];
  });
  for (const style of ['string', 'encoded', 'bytes'] as BytesStyle[]) {
    const layers = layersOf(tensors, style);
    for (const bytes of [encodeObjectNpy(layers), pickle(layers)]) {
      t.deepEqual((await readNumpy(await fileOf(bytes))).tensors, new Map(named), style);
    }
    const archive = encodeZip([{ name: 'net.npy', bytes: encodeObjectNpy(layers) }]);
    t.deepEqual([...(await readNumpy(await fileOf(archive))).tensors.keys()].slice(0, 2), [
      'net.conv1_1.0',
      'net.conv1_1.1',
    ]);
  }
});

test('arrays of a pickle: by columns, of NumPy 2, from a buffer; and other objects', async (t) => {
  const columns = ndarray(array('U8', [2, 3], 6), 'bytes', { fortran: true });
  const newer = ndarray(array('I16', [2], 4), 'bytes', { core: 'numpy._core' });
  const type = called('numpy', 'dtype', 'u1', false, true);
  const buffer = raw(0x96, 4, new Uint8Array(7), Uint8Array.of(9, 8, 7, 6));
  const object = new Map<unknown, unknown>([
    ['columns', columns],
    ['newer', newer],
    ['buffer', called('numpy.core.numeric', '_frombuffer', buffer, type, tuple(2, 2), 'C')],
    ['names', ndarray(array('U8', [2], 2), 'bytes', { descr: '|S1' })],
    ['args', instance('argparse', 'Namespace', new Map([['lr', 0.1]]))],
  ]);
  const { tensors, passedOver } = await readNumpy(await fileOf(encodeObjectNpy(object)));
  t.deepEqual([...tensors.keys()], ['columns', 'newer', 'buffer']);
  t.deepEqual([...tensors.get('columns')!.data], [0, 2, 4, 1, 3, 5]);
  t.deepEqual([...tensors.get('buffer')!.data], [9, 8, 7, 6]);
  t.deepEqual(passedOver, ['argparse.Namespace']);
});

test('refuses arrays of a pickle that lie, and pickles without any', async (t) => {
  const one = (value: unknown) => pickle(new Map([['a', value]]));
  const four = array('F32', [1], 4);
  const long = 'x'.repeat(70_000);
  for (const [bytes, message] of [
    [one(ndarray({ ...four, shape: [2] })), /F32 \[2\] that needs 8 bytes, but has 4/],
    [one(ndarray({ ...four, shape: [-1] })), /array of shape \[-1\]/],
    [one(ndarray({ ...four, shape: [2 ** 40, 2 ** 40] })), /which overflows/],
    [one(ndarray(four, 'bytes', { descr: '>f4' })), /not little-endian/],
    [one(ndarray({ ...four, data: Buffer.from(long) }, 'encoded')), /needs 4 bytes, but has 0/],
    [one(called('numpy.core.numeric', '_frombuffer', 'abcd', null, tuple(1), 'C')), /array of no type/],
    [one(raw('K\x01', 0x85, 'Q')), /refers to something outside it/],
    [one(instance('argparse', 'Namespace', new Map())), /holds no tensors, but 'argparse\.Namespace'/],
    [Buffer.concat([one(1), Buffer.of(1)]), /goes on for 1 bytes after its pickle/],
    [encodeNpy(four), /is one NumPy array; a network is an \.npz of several, or a dictionary/],
  ] as const) {
    await refused(t, readNumpy, bytes, message);
  }
});
