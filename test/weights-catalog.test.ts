// The catalogue: what the package says of its networks, and what it must not say.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { OptionError, WeightsError } from '../dist/errors.js';
import { DEFAULT_NETWORK } from '../dist/options/topics/network.js';
import { catalog, catalogEntry, catalogNamed, parseCatalog } from '../dist/weights/catalog.js';
import { sizeOf } from '../dist/weights/find.js';
import { randomNetwork } from '../dist/weights/random.js';
import { encodeSafetensors } from './support/safetensors.js';

test('what is in it', (t) => {
  t.deepEqual(
    [...catalog().keys()],
    [
      'vgg19-slim',
      'vgg19',
      'vgg16',
      'vgg19-imagenet',
      'vgg16-imagenet',
      'vgg19-torchvision',
      'vgg16-torchvision',
      'random-vgg19',
    ],
  );
  const kept = [...catalog().values()].map(({ source }) => source.kind === 'download' && source.classifier);
  t.deepEqual(kept, [false, undefined, undefined, 'always', 'always', 'asked', 'asked', false]);
  t.is(catalogNamed(DEFAULT_NETWORK).source.kind, 'embedded');
  for (const { name, source } of catalog().values()) {
    if (source.kind !== 'download') continue;
    t.true(source.urls.length > 1, `${name} has several mirrors`);
    t.is(
      new Set(source.urls.map((url) => new URL(url).host + new URL(url).pathname)).size,
      source.urls.length,
    );
    for (const url of source.urls) t.is(new URL(url).protocol, 'https:', url);
    // torchvision names its files by the beginning of their sha256
    const prefix = /-([0-9a-f]{8})\.pth$/.exec(source.urls[0]!)?.[1];
    if (prefix) t.true(source.hash.startsWith(`sha256:${prefix}`), name);
  }
});

test('the random network has the size that is said', async (t) => {
  const entry = catalogNamed('random-vgg19');
  if (entry.source.kind !== 'random') return t.fail();
  const { tensors, metadata } = await randomNetwork(entry.source.architecture, entry.source.seed);
  t.is(encodeSafetensors(tensors, metadata).length, await sizeOf(entry));
});

test('names and no names', (t) => {
  t.is(catalogEntry('vgg16')?.name, 'vgg16');
  for (const path of ['./vgg16', 'vgg16.safetensors', 'VGG16', '', 'constructor', '__proto__']) {
    t.is(catalogEntry(path), undefined, path);
  }
  const error = t.throws(() => catalogNamed('vgg20'), {
    instanceOf: OptionError,
    message: /^name must be one of vgg19-slim, vgg19, .*, not "vgg20"$/,
  });
  t.is(error?.option, 'name');
});

const good = { about: 'a', use: 'b', licence: 'MIT' };
const download = {
  kind: 'download',
  urls: ['https://a.example/b.h5'],
  size: 5,
  hash: `md5:${'0'.repeat(32)}`,
};
const wrong: Record<string, [unknown, RegExp]> = {
  'no JSON': ['{', /the catalogue cannot be read/],
  'a list': [[], /the catalogue is wrong at /],
  'a path for a name': [{ '../vgg': { ...good, source: download } }, /wrong at \.\.\/vgg/],
  'no licence': [{ vgg: { about: 'a', use: 'b', source: download } }, /wrong at vgg\.licence/],
  'an unknown source': [{ vgg: { ...good, source: { kind: 'torrent' } } }, /wrong at vgg\.source\.kind/],
  'an embedded file elsewhere': [
    { vgg: { ...good, source: { kind: 'embedded', file: '../a.safetensors' } } },
    /wrong at vgg\.source\.file/,
  ],
  'no mirror': [{ vgg: { ...good, source: { ...download, urls: [] } } }, /wrong at vgg\.source\.urls/],
  'a file as a mirror': [
    { vgg: { ...good, source: { ...download, urls: ['file:///etc/passwd'] } } },
    /wrong at vgg\.source\.urls\.0/,
  ],
  'the beginning of a hash': [
    { vgg: { ...good, source: { ...download, hash: 'sha256:dcbb9e9d' } } },
    /wrong at vgg\.source\.hash/,
  ],
  'no size': [{ vgg: { ...good, source: { ...download, size: 0 } } }, /wrong at vgg\.source\.size/],
  'something unknown': [{ vgg: { ...good, source: { ...download, mirror: 1 } } }, /wrong at vgg\.source/],
};
for (const [name, [content, message]] of Object.entries(wrong)) {
  test(`refuses ${name}`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'scumble-catalog-'));
    t.teardown(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'catalog.json');
    await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
    t.throws(() => parseCatalog(file), { instanceOf: WeightsError, message });
  });
}
