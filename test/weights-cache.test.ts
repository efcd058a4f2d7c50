// Networks on their way into the cache: downloaded or made, checked, converted, by one at a time.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { DownloadError, OptionError, OutputError, WeightsError } from '../dist/errors.js';
import { cachedFile, cacheFolder, isIntact, store } from '../dist/weights/cache.js';
import type { CatalogEntry, DownloadSource } from '../dist/weights/catalog.js';
import { locked } from '../dist/weights/lock.js';
import { hasClassifier, readNetwork } from '../dist/weights/network.js';
import { pull } from '../dist/weights/pull.js';
import { randomNetwork } from '../dist/weights/random.js';
import { tinyClassifier, WIDTHS } from './support/classifiers.js';
import { mirror, sourceOf, status, truncated } from './support/mirror.js';
import { node } from './support/runs.js';
import { encodeSafetensors, tinyNetwork } from './support/safetensors.js';

const { tensors, metadata } = tinyNetwork({ blocks: [2, 2], widths: [8, 12] });
const CONTENT = encodeSafetensors(tensors, metadata);
const PATIENCE = { silence: 5000, pause: 1, tries: 2 };

const root = await mkdtemp(join(tmpdir(), 'scumble-cache-'));
process.env.SCUMBLE_CACHE = root;
test.after.always(() => rm(root, { recursive: true, force: true }));

/** With a classifier. */
function wholeNetwork(): Buffer {
  const { tensors, metadata } = tinyNetwork({ widths: WIDTHS });
  return encodeSafetensors([...tensors, ...tinyClassifier()], metadata);
}

let count = 0;
/** A network of its own for a test. */
function entry(urls: string[], content: Uint8Array = CONTENT): CatalogEntry {
  const name = `test-${count++}`;
  return { name, about: 'a', use: 'b', licence: 'c', source: sourceOf(urls, content) };
}

const leftovers = async ({ name }: CatalogEntry) =>
  (await readdir(cacheFolder())).filter((file) => file.startsWith(`${name}.`)).sort();

async function sameWeights(t: ExecutionContext, file: string) {
  const { convolutions } = await readNetwork(file);
  for (const { name, weight, bias } of convolutions) {
    t.deepEqual(Buffer.from(weight.data), Buffer.from(tensors.get(`${name}.weight`)!.data), name);
    t.deepEqual(Buffer.from(bias.data), Buffer.from(tensors.get(`${name}.bias`)!.data), name);
  }
}

test('the folder is where SCUMBLE_CACHE says', (t) => {
  t.is(cacheFolder(), join(root, 'weights'));
});

test.serial('or where the system keeps caches', async (t) => {
  const program = `console.log((await import('./dist/weights/cache.js')).cacheFolder())`;
  const env = { SCUMBLE_CACHE: '', XDG_CACHE_HOME: '/somewhere/else', LOCALAPPDATA: '/somewhere/else' };
  const { stdout } = await node(['--input-type=module', '--eval', program], { env });
  t.regex(
    stdout.trim(),
    process.platform === 'darwin' ? /Caches\/scumble\/weights$/ : /^\/somewhere\/else[\\/]scumble.*weights$/,
  );
});

test('a download becomes safetensors with a fingerprint, and nothing else is left', async (t) => {
  const { url, ranges } = await mirror(t, [truncated(300, CONTENT)], CONTENT);
  const network = entry([url]);
  const told: number[] = [];
  const onProgress = ({ received, size }: { received: number; size: number }) => {
    t.is(size, CONTENT.length);
    told.push(received);
  };
  const file = await pull(network, { onProgress, patience: PATIENCE });
  t.is(file, cachedFile(network.name));
  await sameWeights(t, file);
  t.deepEqual(await leftovers(network), [
    `${network.name}.safetensors`,
    `${network.name}.safetensors.sha256`,
  ]);
  t.deepEqual(ranges, [undefined, 'bytes=300-']);
  t.is(told.at(-1), CONTENT.length);

  const sha256 = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  t.is(await readFile(`${file}.sha256`, 'utf8'), `${sha256}  ${network.name}.safetensors\n`);
});

test('what is there is not fetched again, unless it is damaged', async (t) => {
  const { url, ranges } = await mirror(t, [], CONTENT);
  const network = entry([url]);
  const file = await pull(network);
  await pull(network);
  t.is(ranges.length, 1);
  t.true(await isIntact(file));

  const bytes = await readFile(file);
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(file, bytes);
  t.false(await isIntact(file));
  await pull(network);
  t.is(ranges.length, 2);
  await sameWeights(t, file);
});

test('a classifier comes where it is always kept, or asked for, and then it is fetched again for its sake', async (t) => {
  const whole = wholeNetwork();
  const { url, ranges } = await mirror(t, [], whole);
  const keeping = (classifier: 'always' | 'asked') => {
    const made = entry([url], whole);
    return { ...made, source: { ...(made.source as DownloadSource), classifier } };
  };
  t.true(await hasClassifier(await pull(keeping('always'))));
  const asked = keeping('asked');
  t.false(await hasClassifier(await pull(asked)));
  t.true(await hasClassifier(await pull(asked, { classifier: true })));
  t.true(await hasClassifier(await pull(asked, { classifier: true })));
  t.true(await hasClassifier(await pull(asked)), 'what is there stays');
  t.is(ranges.length, 3);
  const without = entry([url], whole);
  const error = await t.throwsAsync(pull(without, { classifier: true }), { instanceOf: OptionError });
  t.is(error?.option, 'classifier');
});

test('a file without its fingerprint is not trusted', async (t) => {
  const { url, ranges } = await mirror(t, [], CONTENT);
  const network = entry([url]);
  const file = await pull(network);
  await rm(`${file}.sha256`);
  t.false(await isIntact(file));
  await pull(network);
  t.is(ranges.length, 2);
});

test('a failure leaves no network, keeps what has come, and says what to do', async (t) => {
  const { url } = await mirror(t, [truncated(300, CONTENT), status(404)], CONTENT);
  const network = entry([url]);
  const message = new RegExp(
    `^${network.name} cannot be downloaded:\n  ${url} answers 404.*\n.*scumble weights import`,
  );
  await t.throwsAsync(pull(network, { patience: PATIENCE }), { instanceOf: DownloadError, message });
  t.false(existsSync(cachedFile(network.name)));
  t.deepEqual(await leftovers(network), [`${network.name}.part.bin`]);
  await sameWeights(t, await pull(network));
  t.is((await leftovers(network)).length, 2);
});

test('a file with the right hash that is no network', async (t) => {
  const content = Buffer.from('not a network at all');
  const { url } = await mirror(t, [], content);
  const network = entry([url], content);
  await t.throwsAsync(pull(network), { instanceOf: WeightsError });
  t.false(existsSync(cachedFile(network.name)));
});

test('an abort', async (t) => {
  const stop = new AbortController();
  const reason = new Error('enough');
  const { url } = await mirror(t, [() => stop.abort(reason)], CONTENT);
  const network = entry([url]);
  t.is(await t.throwsAsync(pull(network, { signal: stop.signal })), reason);
  await sameWeights(t, await pull(network));
  const stopped = AbortSignal.abort(new Error('before'));
  await t.throwsAsync(pull(network, { signal: stopped }), { message: 'before' });
});

test('many at once in one process fetch once', async (t) => {
  const { url, ranges } = await mirror(t, [], CONTENT);
  const network = entry([url]);
  const files = await Promise.all(Array.from({ length: 5 }, () => pull(network)));
  t.deepEqual(new Set(files), new Set([cachedFile(network.name)]));
  t.is(ranges.length, 1);
});

test('two processes fetch once', async (t) => {
  const { url, ranges } = await mirror(t, [(_, __, serve) => setTimeout(serve, 500)], CONTENT);
  const network = entry([url]);
  const program = `
    import { pull } from './dist/weights/pull.js';
    let waited = false;
    const file = await pull(JSON.parse(process.argv[1]), { onWait: () => { waited = true; } });
    console.log(JSON.stringify({ file, waited }));
  `;
  const args = ['--input-type=module', '--eval', program, JSON.stringify(network)];
  const ended = await Promise.all([node(args), node(args)]);
  t.deepEqual(
    ended.map(({ stderr }) => stderr),
    ['', ''],
  );
  const said = ended.map(({ stdout }) => JSON.parse(stdout));
  t.deepEqual(
    said.map(({ file }) => file),
    Array(2).fill(cachedFile(network.name)),
  );
  t.deepEqual(said.map(({ waited }) => waited).sort(), [false, true]);
  t.is(ranges.length, 1);
  await sameWeights(t, cachedFile(network.name));
  t.is((await leftovers(network)).length, 2);
});

test('a process that is killed leaves what the next one goes on from', async (t) => {
  const { url, ranges } = await mirror(
    t,
    [
      (_, response) =>
        void response.writeHead(200, { 'content-length': CONTENT.length }).write(CONTENT.subarray(0, 400)),
    ],
    CONTENT,
  );
  const network = entry([url]);
  const program = `
    import { pull } from './dist/weights/pull.js';
    const onProgress = ({ received }) => { if (received === 400) process.kill(process.pid, 'SIGKILL'); };
    await pull(JSON.parse(process.argv[1]), { onProgress });
  `;
  const killed = await node(['--input-type=module', '--eval', program, JSON.stringify(network)]);
  t.is(killed.signal, 'SIGKILL');
  const lock = `${cachedFile(network.name)}.lock`;
  t.true(existsSync(lock));
  const long = new Date(Date.now() - 60_000);
  await utimes(lock, long, long); // as it is half a minute later
  await sameWeights(t, await pull(network));
  t.deepEqual(ranges, [undefined, 'bytes=400-']);
  t.false(existsSync(lock));
});

test('waiting for a lock can be aborted', async (t) => {
  const file = join(root, 'thing');
  await locked(file, async () => {
    const controller = new AbortController();
    const { signal } = controller;
    let waits = 0;
    const onWait = () => {
      waits++;
      controller.abort();
    };
    const error = await t.throwsAsync(
      locked(file, async () => t.fail(), { signal, onWait }),
      { any: true },
    );
    t.is(error, signal.reason);
    t.is(waits, 1);
  });
  t.is(await locked(file, async () => 'free again'), 'free again');
});

test('a lock is given back by work that fails', async (t) => {
  const file = join(root, 'other');
  const reason = new Error('failed');
  t.is(await t.throwsAsync(locked(file, () => Promise.reject(reason))), reason);
  t.is(await locked(file, async () => 'free again'), 'free again');
});

test.serial('a cache that cannot be made', async (t) => {
  const file = join(root, 'file');
  await writeFile(file, '');
  process.env.SCUMBLE_CACHE = file;
  t.teardown(() => {
    process.env.SCUMBLE_CACHE = root;
  });
  await t.throwsAsync(pull(entry(['http://127.0.0.1:9/a.bin'])), {
    instanceOf: OutputError,
    message: /^cannot write/,
  });
});

test('storing replaces a network and its fingerprint', async (t) => {
  await store('mine', [Buffer.from('one')]);
  const file = await store('mine', [Buffer.from('t'), Buffer.from('wo')]);
  t.is(await readFile(file, 'utf8'), 'two');
  t.true(await isIntact(file));
});

test('a seed names the same weights everywhere', async (t) => {
  const { tensors, metadata } = await randomNetwork('vgg19', 19);
  const bytes = encodeSafetensors(tensors, metadata);
  t.is(
    createHash('sha256').update(bytes).digest('hex'),
    '90c4c9dd91a53aef50fa4eb544bad5b89b0079b08b87f3a1ad3c45d13c3e8fcd',
  );
  for (const name of ['conv1_1.weight', 'conv4_2.weight']) {
    const { data, shape } = new Map(tensors).get(name)!;
    const values = new Float32Array(data.buffer);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const wanted = 2 / (9 * shape[1]!);
    t.true(Math.abs(variance / wanted - 1) < 0.1, `${name}: ${variance}, not ${wanted}`);
    t.true(mean ** 2 < wanted / 100);
  }
});

test('a random network needs no connection', async (t) => {
  const source = { kind: 'random', architecture: 'vgg11', seed: 1, size: 1 } as const;
  const network = { name: 'test-random', about: 'a', use: 'b', licence: 'c', source };
  const { name, blocks } = await readNetwork(await pull(network));
  t.deepEqual({ name, blocks }, { name: 'vgg11', blocks: [1, 1, 2, 2, 2] });
});
