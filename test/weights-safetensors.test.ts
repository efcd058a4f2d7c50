// The safetensors reader: what it reads it reads exactly, and it takes nothing from a file on trust.

import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { WeightsError } from '../dist/errors.js';
import { readSafetensors } from '../dist/weights/formats/safetensors.js';
import type { Tensor } from '../dist/weights/formats/tensors.js';
import { readNetwork } from '../dist/weights/network.js';
import { encodeSafetensors, seeded, tinyNetwork } from './support/safetensors.js';

const folder = await mkdtemp(join(tmpdir(), 'scumble-safetensors-'));
test.after.always(() => rm(folder, { recursive: true }));

let files = 0;
async function fileOf(...parts: (Uint8Array | string)[]): Promise<string> {
  const path = join(folder, `${files++}.safetensors`);
  await writeFile(
    path,
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))),
  );
  return path;
}

function length(bytes: number | bigint): Uint8Array {
  const field = Buffer.alloc(8);
  field.writeBigUInt64LE(BigInt(bytes));
  return field;
}

/** A file with this header, whatever it is, and `dataBytes` zeros. */
function fileWith(header: string | object, dataBytes = 0): Promise<string> {
  const bytes = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  return fileOf(length(bytes.length), bytes, new Uint8Array(dataBytes));
}

/** Resolves to the byte that is blamed. */
async function refused(t: ExecutionContext, path: string, message: RegExp): Promise<number | undefined> {
  const error = await t.throwsAsync(readSafetensors(path), {
    instanceOf: WeightsError,
    code: 'ERR_WEIGHTS',
    message,
  });
  t.is(error?.file, path);
  t.true(error?.message.startsWith(`${path}: `));
  t.regex(error?.message.slice(path.length) ?? '', /^\P{Cc}+$/u); // one line, nothing for a terminal to obey
  t.true((error?.message.length ?? 0) < path.length + 700);
  return error?.offset;
}

/** The header {a: entry} over 8 bytes of data, where only the entry's fault can be why it is refused. */
function refusesEntry(title: string, entry: unknown, message: RegExp): void {
  const good = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  const bad = typeof entry === 'object' && !Array.isArray(entry) && entry ? { ...good, ...entry } : entry;
  test(`refuses ${title}`, async (t) => refused(t, await fileWith({ a: bad }, 8), message));
}

test('reads what the writer wrote, for every dtype', async (t) => {
  const tensors = new Map<string, Tensor>([
    ['half', { dtype: 'F16', shape: [3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) }],
    ['brain', { dtype: 'BF16', shape: [1, 1], data: Uint8Array.of(7, 8) }],
    ['single', { dtype: 'F32', shape: [2, 1], data: Uint8Array.of(9, 10, 11, 12, 13, 14, 15, 16) }],
    ['scalar', { dtype: 'F32', shape: [], data: Uint8Array.of(17, 18, 19, 20) }],
    ['nothing', { dtype: 'F32', shape: [0, 5], data: new Uint8Array() }],
  ]);
  const bytes = encodeSafetensors(tensors, { license: 'CC-BY-4.0', naïve: 'ü' });
  t.is(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) % 8, 0);
  const file = await readSafetensors(await fileOf(bytes));
  t.deepEqual({ ...file.metadata }, { license: 'CC-BY-4.0', naïve: 'ü' });
  t.deepEqual(file.tensors, tensors);
  t.is(new Set([...file.tensors.values()].map(({ data }) => data.buffer)).size, 1);
});

test('reads tensors listed in another order than their data, and a file without any', async (t) => {
  const b = { dtype: 'F16', shape: [1], data_offsets: [2, 4] };
  const a = { dtype: 'F16', shape: [1], data_offsets: [0, 2] };
  t.deepEqual([...(await readSafetensors(await fileWith({ b, a }, 4))).tensors.keys()], ['b', 'a']);
  t.is((await readSafetensors(await fileWith('{}'))).tensors.size, 0);
});

test('keys that mean something to JavaScript are only keys', async (t) => {
  const entry = '{"dtype":"F16","shape":[1],"data_offsets":[0,2]}';
  const metadata = '{"__proto__":"m","toString":"s"}';
  const { metadata: read, tensors } = await readSafetensors(
    await fileWith(`{"__proto__":${entry},"__metadata__":${metadata}}`, 2),
  );
  t.deepEqual([...tensors.keys()], ['__proto__']);
  t.deepEqual(Object.entries(read), Object.entries(JSON.parse(metadata)));
  t.false('constructor' in read);
  t.is(({} as Record<string, unknown>).dtype, undefined);

  const inherited = '{"__proto__":{"dtype":"F16","shape":[1]},"data_offsets":[0,2]}';
  await refused(t, await fileWith(`{"a":${inherited}}`, 2), /'a' has dtype nothing/);
});

test('the last of two equal keys counts', async (t) => {
  const entry = (shape: string) => `"a":{"dtype":"F16","shape":${shape},"data_offsets":[0,4]}`;
  const { tensors } = await readSafetensors(await fileWith(`{${entry('[9]')},${entry('[2]')}}`, 4));
  t.deepEqual(tensors.get('a')?.shape, [2]);
});

test('refuses a missing file', (t) => refused(t, join(folder, 'missing'), /does not exist/));
test('refuses a path that cannot be one', (t) => refused(t, 'nul\0byte', /cannot be read: .*null bytes/));
test('refuses a folder', (t) => refused(t, folder, /is not a regular file/));
test('refuses an empty file', async (t) => refused(t, await fileOf(), /has 0 bytes/));
test('refuses a file of 7 bytes', async (t) => refused(t, await fileOf(new Uint8Array(7)), /has 7 bytes/));

test('refuses a file without permission to read it', async (t) => {
  if (process.platform === 'win32' || process.getuid?.() === 0) {
    t.log('skipped: this user may read everything');
    t.pass();
    return;
  }
  const path = await fileWith('{}');
  await chmod(path, 0);
  await refused(t, path, /cannot be read: EACCES/);
});

test('refuses a file of more than 2 GB without reading it', async (t) => {
  const path = await fileWith('{}');
  const handle = await open(path, 'r+');
  await handle.truncate(2e9 + 1); // a hole: it takes no disk space
  await handle.close();
  await refused(t, path, /has 2000000001 bytes, more than the limit of 2000000000/);
});

test('refuses a header beyond the end of the file', async (t) => {
  await refused(t, await fileOf(length(3), '{}'), /should have 3 bytes, but only 2 follow/);
  await refused(t, await fileOf(length(2n ** 64n - 1n), '{}'), /should have 18446744073709551615 bytes/);
});

test('refuses a header over the limit', async (t) => {
  await refused(
    t,
    await fileWith(`{}${' '.repeat(1e6)}`),
    /has 1000002 bytes, more than the limit of 1000000/,
  );
});

test('refuses a header that is not a JSON object in UTF-8', async (t) => {
  await refused(t, await fileWith(''), /not a JSON object/);
  await refused(t, await fileWith('[]'), /not a JSON object/);
  await refused(t, await fileWith('null'), /not a JSON object/);
  await refused(t, await fileWith('\ufeff{}'), /not a JSON object/);
  await refused(t, await fileWith('{"a":\u001b[2J'), /not JSON in UTF-8/);
  await refused(t, await fileWith('{} {}'), /not JSON in UTF-8/);
  await refused(t, await fileOf(length(7), '{"', Uint8Array.of(0xff), '":1}'), /not JSON in UTF-8/);
  await refused(t, await fileWith(`{"a":${'['.repeat(5e5)}`), /not JSON in UTF-8/);
});

test('refuses metadata that is not text', async (t) => {
  await refused(t, await fileWith({ __metadata__: { mean: 5 } }), /strings to strings, got 5 for 'mean'/);
  await refused(t, await fileWith({ __metadata__: ['a'] }), /strings to strings, got \['a'\]/);
  await refused(t, await fileWith({ __metadata__: null }), /strings to strings, got null/);
});

refusesEntry('a tensor that is a number', 5, /tensor 'a' must be described by an object, got 5/);
refusesEntry('a tensor that is null', null, /tensor 'a' must be described by an object, got null/);
refusesEntry('a tensor that is a list', [1], /tensor 'a' must be described by an object, got \[1\]/);
refusesEntry('a dtype of another kind', { dtype: 'C64' }, /tensor 'a' has dtype 'C64'/);
refusesEntry('an unknown dtype', { dtype: 'toString' }, /tensor 'a' has dtype 'toString'/);
refusesEntry('a missing dtype', { dtype: undefined }, /tensor 'a' has dtype nothing/);
refusesEntry('a dtype in a list', { dtype: ['F32'] }, /tensor 'a' has dtype \['F32'\]/);
refusesEntry('a missing shape', { shape: undefined }, /tensor 'a' has shape nothing/);
refusesEntry('a negative size', { shape: [-2] }, /tensor 'a' has shape \[-2\]/);
refusesEntry('a fractional size', { shape: [0.5, 4] }, /tensor 'a' has shape \[0\.5, 4\]/);
refusesEntry('a size as text', { shape: ['2'] }, /tensor 'a' has shape \['2'\]/);
refusesEntry('an unsafe size', { shape: [2 ** 53, 0] }, /tensor 'a' has shape \[9007199254740992, 0\]/);
refusesEntry(
  'sizes that overflow',
  { shape: [2 ** 40, 2 ** 40, 0] },
  /tensor 'a' has shape .* which overflows/,
);
refusesEntry('missing offsets', { data_offsets: undefined }, /tensor 'a' has data_offsets nothing/);
refusesEntry('one offset', { data_offsets: [8] }, /tensor 'a' has data_offsets \[8\]/);
refusesEntry('three offsets', { data_offsets: [0, 8, 8] }, /tensor 'a' has data_offsets \[0, 8, 8\]/);
refusesEntry('a negative offset', { data_offsets: [-8, 0] }, /tensor 'a' has data_offsets \[-8, 0\]/);
refusesEntry(
  'a fractional offset',
  { data_offsets: [0.5, 8.5] },
  /tensor 'a' has data_offsets \[0\.5, 8\.5\]/,
);
refusesEntry('an unsafe offset', { data_offsets: [0, 2 ** 53] }, /data_offsets \[0, 9007199254740992\]/);
refusesEntry(
  'offsets backwards',
  { data_offsets: [8, 0] },
  /'a' needs 8 bytes .* data_offsets \[8, 0\] give -8/,
);
refusesEntry('too little data for a shape', { shape: [3] }, /needs 12 bytes for F32 \[3\].* give 8/);
refusesEntry('too much data for a shape', { shape: [2], dtype: 'F16' }, /needs 4 bytes for F16 .* give 8/);
refusesEntry('data beyond the file', { data_offsets: [4, 12] }, /'a' ends at byte 12, but the file has 8/);
refusesEntry('a hole at the start', { shape: [1], data_offsets: [4, 8] }, /bytes 0 to 4, before tensor 'a'/);
refusesEntry('bytes at the end', { shape: [1], data_offsets: [0, 4] }, /bytes 4 to 8, after the last tensor/);

test('names the byte at fault', async (t) => {
  const good = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
  const header = JSON.stringify({ a: good, b: { ...good, dtype: 'C64' } });
  t.is(await refused(t, await fileWith(header, 8), /'b' has dtype/), 8 + header.indexOf('"b":'));
  const twice = JSON.stringify({ a: good, b: { ...good, data_offsets: [4, 12] } });
  t.is(await refused(t, await fileWith(twice, 12), /'b' overlaps/), 8 + twice.length + 4);
  const short = JSON.stringify({ a: good });
  t.is(await refused(t, await fileWith(short, 9), /bytes 8 to 9/), 8 + short.length + 8);
  t.is(await refused(t, await fileWith('{"a":'), /not JSON/), 8);
  t.is(await refused(t, await fileOf(length(9), '{}'), /should have 9 bytes/), 0);
  t.is(await refused(t, await fileOf(new Uint8Array(7)), /has 7 bytes/), 7);
  t.is(await refused(t, join(folder, 'missing'), /does not exist/), undefined);
});

test('refuses tensors that overlap or leave a hole between them', async (t) => {
  const entry = (begin: number) => ({ dtype: 'F32', shape: [2], data_offsets: [begin, begin + 8] });
  const overlap = await fileWith({ a: entry(0), b: entry(4) }, 12);
  await refused(t, overlap, /tensor 'b' overlaps another: it starts at byte 4, before 8/);
  await refused(t, await fileWith({ a: entry(0), b: entry(0) }, 8), /tensor 'b' overlaps another/);
  await refused(t, await fileWith({ a: entry(12), b: entry(0) }, 20), /bytes 8 to 12, before tensor 'a'/);
});

test('quotes hostile names in a message shortly and without control characters', async (t) => {
  const name = `\u001b[31m\u009b\r\n${'x'.repeat(5000)}`;
  await refused(t, await fileWith({ [name]: 5 }), /tensor '.*x{9}…'/);
  await refused(t, await fileWith({ a: { dtype: Array(9e4).fill('y'.repeat(5)) } }), /tensor 'a' has dtype/);
});

test('any damage to a file is either harmless or a WeightsError', async (t) => {
  const { tensors, metadata } = tinyNetwork({ architecture: 'vgg11', widths: [1, 1, 1, 1, 1], dtype: 'F16' });
  const intact = encodeSafetensors(tensors, metadata);
  const random = seeded(20150826);
  const below = (limit: number) => Math.floor(random() * limit);
  const path = join(folder, 'damaged.safetensors');
  const outcomes = { read: 0, refused: 0 };
  for (let round = 0; round < 500; round++) {
    const place = below(intact.length);
    let damaged = Uint8Array.from(intact);
    if (round % 3 === 0) damaged[place]! ^= 1 << below(8);
    else if (round % 3 === 1) damaged.fill(below(256), place, place + 1 + below(8));
    else damaged = damaged.subarray(0, place);
    await writeFile(path, damaged);
    try {
      await readNetwork(path);
      outcomes.read++;
    } catch (error) {
      if (!(error instanceof WeightsError)) t.fail(`round ${round}, byte ${place}: ${error}`);
      outcomes.refused++;
    }
  }
  t.log(outcomes);
  t.true(outcomes.read > 20 && outcomes.refused > 200);
});
