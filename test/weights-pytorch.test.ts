// The reader of what torch.save() writes: both formats, views of storages, and pickles that mean harm.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { WeightsError } from '../dist/errors.js';
import { readWeights } from '../dist/weights/formats/index.js';
import { readPytorch } from '../dist/weights/formats/pytorch.js';
import type { Tensor } from '../dist/weights/formats/tensors.js';
import {
  called,
  encodeArchive,
  encodeLegacy,
  module,
  named,
  type Raw,
  raw,
  type Saved,
  type Storage,
  stateDict,
  storage,
  tensorIn,
  tuple,
} from './support/pytorch.js';
import { tinyNetwork } from './support/safetensors.js';

const folder = await mkdtemp(join(tmpdir(), 'scumble-pytorch-'));
test.after.always(() => rm(folder, { recursive: true }));

let files = 0;
async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `${files++}.pth`);
  await writeFile(path, bytes);
  return path;
}

async function refused(t: ExecutionContext, bytes: Uint8Array, message: RegExp): Promise<WeightsError> {
  const path = await fileOf(bytes);
  const error = await t.throwsAsync(readPytorch(path), { instanceOf: WeightsError, message });
  t.is(error?.file, path);
  t.true(Number.isInteger(error?.offset) && error!.offset! <= bytes.length);
  t.regex(error?.message.slice(path.length) ?? '', /^: \P{Cc}+ \(at byte \d+\)$/u);
  return error!;
}

/** 0, 1, 2 … as float32. */
const counting = (count: number): Storage => ({
  dtype: 'F32',
  data: new Uint8Array(Float32Array.from({ length: count }, (_, i) => i).buffer),
});

const floats = (tensor: Tensor | undefined) => [...new Float32Array(Uint8Array.from(tensor!.data).buffer)];

/** Files of both formats that hold `object` and a storage 's' of 24 numbers. */
function both(objectOf: (place: Raw) => unknown): [string, Uint8Array][] {
  const s = counting(24);
  const storages = new Map([['s', s]]);
  return [
    ['zip', encodeArchive({ object: objectOf(storage('s', s)), storages })],
    ['legacy', encodeLegacy({ object: objectOf(storage('s', s, null)), storages })],
  ];
}

test('a network goes through both formats bit by bit', async (t) => {
  const { tensors } = tinyNetwork();
  for (const [legacy, encode] of [
    [false, encodeArchive],
    [true, encodeLegacy],
  ] as const) {
    const read = await readPytorch(await fileOf(encode(stateDict(tensors, legacy))));
    t.deepEqual(read.tensors, tensors);
  }
});

test('all types of elements', async (t) => {
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => i);
  const sizes = { F64: 2, F32: 4, F16: 8, BF16: 8, I64: 2, I32: 4, I16: 8, I8: 16, U8: 16, BOOL: 16 };
  const tensors = new Map(
    (Object.entries(sizes) as [Tensor['dtype'], number][]).map(([dtype, size]) => [
      dtype as string,
      { dtype, shape: [size], data: bytes },
    ]),
  );
  t.deepEqual((await readPytorch(await fileOf(encodeArchive(stateDict(tensors))))).tensors, tensors);
  t.deepEqual((await readPytorch(await fileOf(encodeLegacy(stateDict(tensors, true))))).tensors, tensors);
});

for (const name of ['torch-zip.pt', 'torch-legacy.pt']) {
  test(`what PyTorch 1.13 wrote: ${name}`, async (t) => {
    const path = fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
    const { tensors } = await readPytorch(path);
    t.deepEqual([...tensors.keys()].sort(), ['bias', 'half.weight', 'transposed', 'view']);
    // The file is of base = arange(24).reshape(2, 3, 4) / 8.
    t.deepEqual(tensors.get('transposed')?.shape, [4, 2, 3]);
    const transposed = [0, 1, 2, 3].flatMap((i) => [0, 4, 8, 12, 16, 20].map((j) => (i + j) / 8));
    t.deepEqual(floats(tensors.get('transposed')), transposed);
    t.deepEqual(tensors.get('view')?.shape, [2, 2]);
    t.deepEqual(floats(tensors.get('view')), [13 / 8, 15 / 8, 21 / 8, 23 / 8]);
    t.deepEqual(tensors.get('bias'), {
      dtype: 'F64',
      shape: [],
      data: new Uint8Array(Float64Array.of(-0.1).buffer),
    });
    t.deepEqual(tensors.get('half.weight'), {
      dtype: 'F16',
      shape: [1, 2],
      data: Uint8Array.of(0x00, 0x3c, 0x00, 0xc0), // 1 and -2
    });
  });
}

test('views: from an offset, transposed, with gaps, repeated, empty, and shared', async (t) => {
  const object = (s: Raw) =>
    new Map([
      ['all', tensorIn(s, 0, [24], [1])],
      ['offset', tensorIn(s, 6, [2, 3], [3, 1])],
      ['transposed', tensorIn(s, 1, [3, 2], [1, 3])],
      ['gaps', tensorIn(s, 2, [2, 2, 2], [12, 5, 2])],
      ['repeated', tensorIn(s, 4, [2, 3], [0, 1])],
      ['channels last', tensorIn(s, 0, [1, 3, 2, 4], [24, 1, 12, 3])],
      ['ones', tensorIn(s, 5, [1, 2, 1], [99, 1, 77])],
      ['scalar', tensorIn(s, 23, [], [])],
      ['empty', tensorIn(s, 24, [0, 5], [5, 1])],
    ]);
  for (const [format, bytes] of both(object)) {
    const { tensors } = await readPytorch(await fileOf(bytes));
    const values = (name: string) => floats(tensors.get(name));
    t.deepEqual(values('offset'), [6, 7, 8, 9, 10, 11], format);
    t.deepEqual(values('transposed'), [1, 4, 2, 5, 3, 6]);
    t.deepEqual(values('gaps'), [2, 4, 7, 9, 14, 16, 19, 21]);
    t.deepEqual(values('repeated'), [4, 5, 6, 4, 5, 6]);
    const expected: number[] = [];
    for (let c = 0; c < 3; c++) for (let i = 0; i < 8; i++) expected.push(c + 3 * i);
    t.deepEqual(values('channels last'), expected);
    t.deepEqual(values('ones'), [5, 6]);
    t.deepEqual(values('scalar'), [23]);
    t.deepEqual(values('empty'), []);
    t.is(tensors.get('offset')?.data.buffer, tensors.get('all')?.data.buffer, 'shared, not copied');
  }
});

test('the older format is known whatever the protocol of its pickles', async (t) => {
  const { tensors } = tinyNetwork();
  const bytes = Buffer.from(encodeLegacy(stateDict(tensors, true)));
  for (const protocol of [3, 4, 5]) {
    const framed = Buffer.from([0x80, protocol, 0x95, 12, 0, 0, 0, 0, 0, 0, 0]);
    const read = await readWeights(await fileOf(Buffer.concat([framed, bytes.subarray(2)])));
    t.is(read.format, 'PyTorch');
    t.deepEqual(read.tensors, tensors);
  }
});

test('a view of a storage, as PyTorch once wrote them', async (t) => {
  const s = counting(24);
  const view = storage('s', s, tuple('v', 4, 10));
  const object = new Map([['a', tensorIn(view, 2, [2, 3], [1, 2])]]);
  const { tensors } = await readPytorch(
    await fileOf(encodeLegacy({ object, storages: new Map([['s', s]]) })),
  );
  t.deepEqual(floats(tensors.get('a')), [6, 8, 10, 7, 9, 11]);
  const beyond = new Map([['a', tensorIn(view, 5, [2, 3], [1, 2])]]);
  await refused(t, encodeLegacy({ object: beyond, storages: new Map([['s', s]]) }), /ends at element 10 of/);
});

test('tensors without a type of storage, as PyTorch 2 writes them', async (t) => {
  const s: Storage = { dtype: 'U8', data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  const id = tuple('storage', named('torch.storage', 'UntypedStorage'), 's', 'cpu', 6);
  const args = [raw(id.bytes, 'Q'), 1, tuple(2), tuple(1), false, null, named('torch', 'uint16')];
  const object = new Map([['a', called('torch._utils', '_rebuild_tensor_v3', ...args)]]);
  const { tensors } = await readPytorch(
    await fileOf(encodeArchive({ object, storages: new Map([['s', s]]) })),
  );
  t.deepEqual(tensors.get('a'), { dtype: 'U16', shape: [2], data: Uint8Array.of(3, 4, 5, 6) });
});

test('tensors in dictionaries in dictionaries, among other things', async (t) => {
  const object = (s: Raw) => {
    const tensor = tensorIn(s, 0, [2], [1]);
    const parameter = called('torch._utils', '_rebuild_parameter', tensor, true, null);
    const ordered = called('collections', 'OrderedDict', [['x', tensor], tuple('y', parameter)]);
    const attributes = new Map([['_metadata', new Map()]]);
    return new Map<unknown, unknown>([
      ['state_dict', raw(ordered.bytes, rawOf(attributes).bytes, 'b')],
      ['epoch', 7],
      ['best', [0.5, -3, true, null, 2n ** 80n, 'ü', called('torch', 'device', 'cpu')]],
      [3, new Map([['z', tensor]])],
      ['size', called('torch', 'Size', tuple(2, 3))],
    ]);
  };
  for (const [format, bytes] of both(object)) {
    const { tensors, metadata } = await readPytorch(await fileOf(bytes));
    t.deepEqual([...tensors.keys()], ['state_dict.x', 'state_dict.y', '3.z'], format);
    t.is(Object.keys(metadata).length, 0);
  }
});

/** What is pickled, as instructions. */
function rawOf(value: unknown): Raw {
  return raw(tuple(value).bytes.subarray(1, -1));
}

const empty = new Map<string, Storage>();
const saved = (...parts: (number | string | Uint8Array)[]): Saved => ({
  object: raw(...parts),
  storages: empty,
});

function refuses(title: string, message: RegExp, ...parts: (number | string | Uint8Array)[]): void {
  test(`refuses ${title}`, async (t) => {
    await refused(t, encodeArchive(saved(...parts)), message);
    await refused(t, encodeLegacy(saved(...parts)), message);
  });
}

refuses('a name of no text', /names something that has no name/, 'K\x01K\x02', 0x93);
refuses('a name without end', /names something that has no name/, 'c', 'a'.repeat(500));
refuses('an extension', /instruction 0x82/, 0x82, 1);
refuses('a long without end', /ends before the 2147483647 bytes/, 0x8b, 0xff, 0xff, 0xff, 0x7f);
refuses('a call of no function', /calls something that is no function/, 'K\x01)R');
refuses('a call of a type', /calls something that is no function/, 'ctorch\nFloatStorage\n)R');
refuses('a call with a list', /calls with something that is no tuple/, 'ctorch\nSize\n]R');
refuses('attributes of a number', /sets attributes of something/, 'K\x01}b');
refuses('an item of a list', /sets an item of something/, ']K\x01K\x02s');
refuses('an item of a dictionary that is appended', /appends to something/, '}K\x01a');
refuses('a key without a value', /a key without a value/, '}(K\x01u');
refuses('more taken than there is', /takes more than there is/, 'K\x01', 0x86);
refuses('what is below a mark', /takes more than there is/, '}(K\x01s');
refuses('a mark that is not there', /lacks a mark/, 'K\x01t');
refuses('a memory of nothing', /remembers number 4294967295/, 'j', new Uint8Array(4).fill(255));
refuses('too many objects', /stops with 2 objects too many/, '}}}');
refuses('text without end', /ends before the 4294967295 bytes/, 'X', new Uint8Array(4).fill(255));
refuses(
  'text of 2^64 bytes',
  /ends before the 18446744073709552000 bytes/,
  0x8d,
  new Uint8Array(8).fill(255),
);
refuses('a list', /holds no tensors/, ']');
refuses('an old protocol', /has protocol 1;/, 0x80, 1, '}');
refuses('only a dictionary that contains itself', /holds no tensors/, '}q\x00U\x01ah\x00s');
refuses('only dictionaries in too many', /holds no tensors/, '}U\x01a'.repeat(99), '}', 's'.repeat(99));
refuses('a million lists', /goes on for too many instructions/, ']'.repeat(9e5));
refuses('a million memories', /goes on for too many instructions/, 'N', new Uint8Array(9e5).fill(0x94));
refuses('a storage of no kind', /refers to \[1\], which is no storage/, 'K\x01', 0x85, 'Q');

/** What must never happen, whatever a pickle says. */
const CALLS: [name: string, says: string, ...code: (number | string)[]][] = [
  ['a call of the system', 'posix.system', 'cposix\nsystem\n(U\x02lstR'],
  ['eval', 'builtins.eval', 'cbuiltins\neval\n(U\x011tR'],
  ['a name on the stack', 'os.system', 0x8c, 2, 'os', 0x8c, 6, 'system', 0x93, '(U\x02lstR'],
  ['a new object', 'torch.nn.Module', 'ctorch.nn\nModule\n)', 0x81, '}b'],
  ['a new object with names for its arguments', 'argparse.Namespace', 'cargparse\nNamespace\n)}', 0x92],
  ['an object of Python 2', '__main__.X', '(c__main__\nX\nK\x01o}b'],
  ['an instance of Python 2', '__main__.X', '(K\x01i__main__\nX\n}b'],
  ['what a call of a call gives', 'a.b', 'ca\nb\n)R)R)', 0x81, 'K\x01K\x02s](K\x01ea0N'],
  ['a name of an object', '__proto__.constructor', 'c__proto__\nconstructor\n)R'],
  ['a name that JavaScript knows', 'torch.toString', 'ctorch\ntoString\n'],
];

for (const [title, says, ...code] of CALLS) {
  test(`${title} is passed over, and named, beside tensors`, async (t) => {
    const object = (s: Raw) =>
      new Map<unknown, unknown>([
        ['before', raw(...code)],
        ['a', tensorIn(s, 0, [2], [1])],
      ]);
    for (const [, bytes] of both(object)) {
      const { tensors, passedOver } = await readPytorch(await fileOf(bytes));
      t.deepEqual([...tensors.keys()], ['a']);
      t.deepEqual(passedOver, [says]);
    }
    await refused(t, encodeArchive(saved(...code)), /holds no tensors, but '/);
  });
}

test('a whole module has the tensors of its state_dict, however deep', async (t) => {
  const object = (s: Raw) => {
    const weight = called('torch._utils', '_rebuild_parameter', tensorIn(s, 0, [2, 3], [3, 1]), true, null);
    const odd = called(
      'torch._utils',
      '_rebuild_parameter_with_state',
      tensorIn(s, 6, [2], [1]),
      true,
      null,
      null,
    );
    const rebuilt = named('torch._utils', '_rebuild_tensor_v2');
    const args = tuple(s, 8, tuple(2), tuple(1), false, null);
    const typed = called(
      'torch._tensor',
      '_rebuild_from_type_v2',
      rebuilt,
      named('own', 'Tensor'),
      args,
      null,
    );
    const conv = module(
      'conv.Conv2d',
      new Map([
        ['weight', weight],
        ['bias', odd],
      ]),
      new Map(),
      [['padding_mode', 'reflect']],
    );
    const features = module('container.Sequential', new Map([['scale', typed]]), new Map([['0', conv]]));
    return new Map([['net', module('vgg.VGG', new Map(), new Map([['features', features]]))]]);
  };
  for (const [, bytes] of both(object)) {
    const { tensors, padding } = await readPytorch(await fileOf(bytes));
    t.deepEqual([...tensors.keys()], ['net.features.scale', 'net.features.0.weight', 'net.features.0.bias']);
    t.deepEqual(floats(tensors.get('net.features.0.bias')), [6, 7]);
    t.deepEqual(floats(tensors.get('net.features.scale')), [8, 9]);
    t.is(padding, 'reflect');
  }
});

test('a class that the older format keeps with its source is passed over', async (t) => {
  const source = tuple('module', named('own', 'Net'), '/own.py', 'class Net: …');
  const object = (s: Raw) =>
    new Map([
      ['net', raw(source.bytes, 'Q)', 0x81, rawOf(new Map([['w', tensorIn(s, 0, [2], [1])]])).bytes, 'b')],
    ]);
  for (const [, bytes] of both(object)) {
    const { tensors, passedOver } = await readPytorch(await fileOf(bytes));
    t.deepEqual([...tensors.keys()], ['net.w']);
    t.deepEqual(passedOver, ['own.Net']);
  }
});

test('attributes that thousands of objects share are looked through once', async (t) => {
  const dict = rawOf(new Map(Array.from({ length: 5000 }, (_, i) => [`k${i}`, []])));
  const objects = Array.from({ length: 20_000 }, () => raw('h\x01)', 0x81, 'h\x00b').bytes);
  const object = (s: Raw) =>
    new Map<unknown, unknown>([
      ['first', raw(dict.bytes, 'q\x00')],
      ['class', raw('ca\nb\nq\x01')],
      ['all', raw('](', ...objects, 'e')],
      ['a', tensorIn(s, 0, [2], [1])],
    ]);
  const [[, bytes]] = both(object) as [[string, Uint8Array]];
  t.deepEqual([...(await readPytorch(await fileOf(bytes))).tensors.keys()], ['a']);
});

test('tensors in lists and tuples are named by their places', async (t) => {
  const object = (s: Raw) => [tensorIn(s, 0, [2], [1]), tuple(1, tensorIn(s, 2, [2], [1]))];
  for (const [, bytes] of both(object)) {
    t.deepEqual([...(await readPytorch(await fileOf(bytes))).tensors.keys()], ['0', '1.1']);
  }
});

test('lists and tuples that contain themselves, or many others, are passed over', async (t) => {
  const cyclic = raw(']q\x00h\x00a');
  const deep = raw(']'.repeat(1e5), 'a'.repeat(1e5 - 1));
  const doubling = raw('K\x01', ...Array.from({ length: 60 }, () => raw('q\x00h\x00', 0x86).bytes));
  const object = (s: Raw) =>
    new Map<unknown, unknown>([
      ['cyclic', cyclic],
      ['deep', deep],
      ['doubling', doubling],
      ['a', tensorIn(s, 0, [2], [1])],
    ]);
  for (const [, bytes] of both(object)) {
    t.deepEqual([...(await readPytorch(await fileOf(bytes))).tensors.keys()], ['a']);
  }
});

test('a dictionary that many keys lead to is read once', async (t) => {
  // Each level has the one below twice: 2^25 ways down to the last.
  const object = (s: Raw) => {
    let dict = rawOf(new Map([['t', tensorIn(s, 0, [2], [1])]]));
    for (let level = 0; level < 25; level++)
      dict = raw('}(U\x01a', dict.bytes, 'q', level, 'U\x01bh', level, 'u');
    return dict;
  };
  for (const [, bytes] of both(object)) {
    t.deepEqual([...(await readPytorch(await fileOf(bytes))).tensors.keys()], [`${'a.'.repeat(25)}t`]);
  }
});

test('refuses one list that is made into dictionaries again and again', async (t) => {
  const list = raw('](', ...Array(2000).fill(raw(']K\x01aK\x02a').bytes), 'eq\x00');
  const again = Array(2000).fill(raw('ccollections\nOrderedDict\nh\x00', 0x85, 'R0').bytes);
  await refused(t, encodeArchive(saved(list.bytes, ...again)), /makes dictionaries of one list too often/);
});

function refusesTensor(title: string, message: RegExp, objectOf: (place: Raw) => Raw): void {
  test(`refuses ${title}`, async (t) => {
    for (const [, bytes] of both((place) => new Map([['a', objectOf(place)]])))
      await refused(t, bytes, message);
  });
}

refusesTensor('a tensor beyond its storage', /ends at element 24 of storage 's', of 24/, (s) =>
  tensorIn(s, 1, [24], [1]),
);
refusesTensor('strides beyond it', /ends at element 24 of/, (s) => tensorIn(s, 0, [2, 2], [23, 1]));
refusesTensor('huge strides', /ends at element/, (s) => tensorIn(s, 0, [2], [2 ** 53 - 1]));
refusesTensor('an offset beyond it', /ends at element 9007199254740991/, (s) =>
  tensorIn(s, 2 ** 53 - 1, [1], [1]),
);
refusesTensor('a negative offset', /at -1, which overflows/, (s) => tensorIn(s, -1, [2], [1]));
refusesTensor('a negative size', /of shape \[-2\]/, (s) => tensorIn(s, 0, [-2], [1]));
refusesTensor('a negative stride', /of strides \[-1\]/, (s) => tensorIn(s, 5, [2], [-1]));
refusesTensor('a fractional size', /of shape \[0\.5\]/, (s) => tensorIn(s, 0, [0.5], [1]));
refusesTensor('a shape that overflows', /which overflows/, (s) => tensorIn(s, 0, [2 ** 40, 2 ** 40], [0, 0]));
refusesTensor('a shape without strides', /of shape \[2, 3\] with strides \[3\]/, (s) =>
  tensorIn(s, 0, [2, 3], [3]),
);
refusesTensor('65 dimensions', /of shape \[1, 1, 1, 1, 1, 1, 1, 1 and 57 more\]/, (s) =>
  tensorIn(s, 0, Array(65).fill(1), Array(65).fill(1)),
);
refusesTensor(
  'a number repeated a billion times',
  /would take 4000\d{6} bytes of memory, more than twice/,
  (s) => tensorIn(s, 0, [1e9], [0]),
);
refusesTensor('a tensor of no storage', /a tensor without a storage/, () =>
  tensorIn(raw('K\x01'), 0, [2], [1]),
);
refusesTensor('a shape that is text', /of shape '2'/, (s) =>
  called('torch._utils', '_rebuild_tensor_v2', s, 0, '2', tuple(1), false, null),
);
refusesTensor('a name of 1001 letters', /which is too long/, (s) =>
  raw('}X', Uint8Array.of(0xe9, 3, 0, 0), 'n'.repeat(1001), tensorIn(s, 0, [2], [1]).bytes, 's'),
);

test('refuses a storage that is described in two ways', async (t) => {
  const s = counting(4);
  const object = new Map([
    ['a', tensorIn(storage('s', s), 0, [4], [1])],
    ['b', tensorIn(storage('s', { ...s, dtype: 'I32' }), 0, [4], [1])],
  ]);
  await refused(t, encodeArchive({ object, storages: new Map([['s', s]]) }), /storage 's' in two ways/);
});

const one = (): Saved => stateDict([['a', { dtype: 'F32', shape: [6], data: counting(6).data }]]);

test('refuses an archive whose parts do not fit', async (t) => {
  const part = (name: string, bytes: Uint8Array) => ({ name: `archive/${name}`, bytes });
  const archive = (name: string, bytes: Uint8Array) => encodeArchive(one(), [part(name, bytes)]);
  await refused(
    t,
    archive('data/0', new Uint8Array(20)),
    /storage '0' has 20 bytes, but its tensors need 24/,
  );
  await refused(t, archive('byteorder', Buffer.from('big')), /is not little-endian/);
  await refused(
    t,
    archive('data.pkl', new Uint8Array(64e6 + 1)),
    /pickle of 64000001 bytes, more than the limit/,
  );
  await refused(t, encodeArchive({ ...one(), storages: empty }), /storage '0' is missing/);
  await refused(
    t,
    encodeArchive(one(), [{ name: 'b/data.pkl', bytes: Buffer.from('.') }]),
    /has 2 entries named data\.pkl/,
  );
  const little = encodeArchive(one(), [part('byteorder', Buffer.from('little'))]);
  t.deepEqual((await readPytorch(await fileOf(little))).tensors.get('a')?.shape, [6]);
});

test('refuses a file of the older format whose parts do not fit', async (t) => {
  const legacy = () =>
    encodeLegacy(stateDict([['a', { dtype: 'F32', shape: [6], data: counting(6).data }]], true));
  await refused(t, encodeLegacy(one(), false), /is not little-endian/);
  await refused(t, encodeLegacy({ ...one(), storages: empty }), /storage '0' is missing/);
  await refused(t, Buffer.concat([legacy(), Buffer.of(0)]), /1 bytes belong to no storage/);
  await refused(t, legacy().subarray(0, -1), /storage '0' has 24 bytes, but only 23 follow/);
  const more = Buffer.from(legacy());
  more.writeBigUInt64LE(2n ** 64n - 1n, more.length - 32);
  const error = await refused(t, more, /storage '0' has 73786976294838206460 bytes, but its tensors need 24/);
  t.is(error.offset, more.length - 32);
  const unused = { object: new Map(), storages: new Map([['0', counting(1)]]) };
  await refused(t, encodeLegacy(unused), /lists storage '0', which it does not use once/);
  await refused(t, Buffer.from('\x80\x02K\x01.', 'latin1'), /magic number/);
});

test('refuses what is neither format', async (t) => {
  await refused(t, new Uint8Array(), /neither a zip archive nor a pickle/);
  await refused(t, Buffer.from('not a network'), /neither a zip archive nor a pickle/);
  await refused(t, Buffer.from('PK\x03\x04'), /is not a sound zip archive/);
});

test('names the byte of a fault in an archive', async (t) => {
  const bytes = encodeArchive(saved('cposix\nsystem\nK\x01R'));
  const error = await refused(t, bytes, /calls with something that is no tuple/);
  t.is(error.offset, Buffer.from(bytes).indexOf('cposix') + 'cposix\nsystem\nK\x01'.length);
});
