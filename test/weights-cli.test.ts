// `scumble weights …`, with a catalogue whose networks lie on this machine.

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ended, scumble, studio } from './support/cli.js';
import { type Behaviour, mirror, sourceOf, status } from './support/mirror.js';
import { packageCopy } from './support/package-copy.js';
import { encodeSafetensors, tinyNetwork } from './support/safetensors.js';

const { tensors, metadata } = tinyNetwork();
const CONTENT = encodeSafetensors(tensors, metadata);

/** A package whose `tiny` is at a mirror that behaves like this, and whose `gone` is nowhere. */
async function prepared(t: ExecutionContext, behaviours: Behaviour[] = []) {
  const { url, ranges } = await mirror(t, behaviours, CONTENT);
  const nowhere = await mirror(t, Array(9).fill(status(404)));
  const copy = await packageCopy(t, { tiny: sourceOf([url], CONTENT), gone: sourceOf([nowhere.url]) });
  const folder = await studio(t);
  return {
    ...copy,
    folder,
    ranges,
    run: (...args: string[]) => copy.scumble(folder, ['weights', ...args]),
    file: join(copy.cache, 'tiny.safetensors'),
  };
}

test('list says what there is and what is here', async (t) => {
  const { run, file, ranges } = await prepared(t);
  const before = await run('list');
  t.is(before.code, 0, before.stderr);
  t.is(before.stderr, '');
  t.regex(before.stdout, /^vgg19-slim +0\.\d MB +in the package +MIT\n +a network\n +for tests\n/);
  t.regex(before.stdout, /^made +37 MB +made when used/m);
  t.regex(before.stdout, /^tiny +0\.\d MB +to download/m);

  await run('pull', 'tiny');
  t.regex((await run('list')).stdout, /^tiny +0\.\d MB +here/m);
  const listed = JSON.parse((await run('list', '--json')).stdout);
  t.deepEqual(
    listed.map(({ name }: { name: string }) => name),
    ['vgg19-slim', 'made', 'tiny', 'gone'],
  );
  t.like(listed[2], { name: 'tiny', size: CONTENT.length, licence: 'MIT', file });
  t.false('file' in listed[3]);
  t.is(ranges.length, 1);
});

test('pull prints the path, and tells of its progress on stderr', async (t) => {
  const { run, file, cache } = await prepared(t);
  const { code, stdout, stderr } = await run('pull', 'tiny');
  t.is(code, 0, stderr);
  t.is(stdout, `${file}\n`);
  t.regex(stderr, /^tiny {2}0\.0 MB of 0\.\d MB\n(tiny {2}.*\n)*tiny {2}(0\.\d MB) of \2 .*\n$/);
  t.deepEqual((await readdir(cache)).sort(), ['tiny.safetensors', 'tiny.safetensors.sha256']);

  t.deepEqual(await run('pull', 'tiny', 'vgg19-slim'), {
    code: 0,
    stdout: `${file}\n${join(cache, '..', '..', 'weights', 'slim.safetensors')}\n`,
    stderr: '',
  });
});

test('pull says why it cannot', async (t) => {
  const { run, file } = await prepared(t);
  const gone = await run('pull', 'tiny', 'gone');
  t.is(gone.code, 1);
  t.is(gone.stdout, `${file}\n`);
  t.regex(
    gone.stderr,
    /^scumble: gone cannot be downloaded:\n {2}http.* answers 404 Not Found\n.*scumble weights import.*\n$/m,
  );

  const unknown = await run('pull', 'tinny');
  t.is(unknown.code, 2);
  t.regex(unknown.stderr, /^scumble: name must be one of vgg19-slim, made, tiny, gone, not "tinny"\n$/);
  t.is((await run('pull')).code, 2);
});

test('Ctrl-C stops a pull, and the next goes on from there', async (t) => {
  const half: Behaviour = (_, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length });
    response.write(CONTENT.subarray(0, 5000));
  };
  const { begin, folder, run, ranges, cache } = await prepared(t, [half]);
  const child = begin(folder, ['weights', 'pull', 'tiny']);
  const all = ended(child);
  await once(child.stderr, 'data');
  while (!existsSync(join(cache, 'tiny.part.bin'))) await new Promise((resolve) => setTimeout(resolve, 10));
  while ((await readFile(join(cache, 'tiny.part.bin'))).length < 5000) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.kill('SIGINT');
  const { code, stdout, stderr } = await all;
  t.is(code, 130, stderr);
  t.is(stdout, '');
  t.regex(stderr, /stopped: what has come is kept, and the next pull goes on from there\n$/);
  t.is((await run('pull', 'tiny')).code, 0);
  t.deepEqual(ranges, [undefined, 'bytes=5000-']);
});

test('verify finds what is damaged', async (t) => {
  const { run, file } = await prepared(t);
  t.deepEqual(await run('verify'), { code: 0, stdout: '', stderr: '' });
  await run('pull', 'tiny', 'made');
  t.deepEqual(await run('verify'), { code: 0, stdout: 'made: ok\ntiny: ok\n', stderr: '' });

  const bytes = await readFile(file);
  bytes[1000]! ^= 4;
  await writeFile(file, bytes);
  const damaged = await run('verify');
  t.is(damaged.code, 1);
  t.regex(damaged.stdout, /^made: ok\ntiny: damaged \(scumble weights pull tiny gets it anew\)\n$/);
  t.regex((await run('verify', 'gone')).stdout, /^gone: missing/);
  t.is((await run('verify', 'gone')).code, 1);

  t.is((await run('pull', 'tiny')).code, 0);
  t.is((await run('verify', 'tiny')).stdout, 'tiny: ok\n');
});

test('path', async (t) => {
  const { run, file, cache } = await prepared(t);
  t.deepEqual(await run('path'), { code: 0, stdout: `${cache}\n`, stderr: '' });
  const missing = await run('path', 'tiny');
  t.is(missing.code, 1);
  t.is(missing.stdout, '');
  t.regex(missing.stderr, /^scumble: tiny is not on this machine: get it with "scumble weights pull tiny"/);
  await run('pull', 'tiny');
  t.is((await run('path', 'tiny')).stdout, `${file}\n`);
});

test('help and mistakes', async (t) => {
  const help = await scumble('.', ['weights', '--help']);
  t.is(help.code, 0);
  for (const name of ['list', 'pull', 'verify', 'path', 'SCUMBLE_CACHE'])
    t.true(help.stdout.includes(name), name);
  t.is((await scumble('.', ['weights', 'pul'])).code, 2);
  t.is((await scumble('.', ['weights'])).code, 2);
});
