// What is no network, or none that can be read, is said to be what it is.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { WeightsError } from '../dist/errors.js';
import { findFile } from '../dist/weights/find.js';
import { importNetwork } from '../dist/weights/import.js';
import { encodeZip } from './support/zip.js';

const folder = await mkdtemp(join(tmpdir(), 'scumble-foreign-'));
test.after.always(() => rm(folder, { recursive: true }));

const torch7 = Buffer.from('\x04\0\0\0\x01\0\0\0\x03\0\0\0V 1\x0d\0\0\0nn.Sequential', 'latin1');
const tar = Buffer.alloc(1024);
tar.write('ustar', 257);
const checkpoint = Buffer.concat([Buffer.alloc(5000), Buffer.from('57fb808b247547db', 'hex')]);

for (const [index, [name, bytes, message]] of (
  [
    ['vgg19.pth.gz', gzipSync('weights'), /is compressed by gzip: unpack it/],
    ['vgg19.tar', tar, /is a tar archive: unpack it/],
    ['vgg19.caffemodel.bz2', Buffer.from('BZh91AY&SY…'), /is compressed by bzip2/],
    [
      'vgg19.pth',
      'version https://example.org/spec/v1\noid sha256:00\nsize 1\n',
      /is a pointer of Git LFS.*git lfs pull/,
    ],
    ['vgg19.caffemodel', '\n\n<!DOCTYPE html>\n<html><title>Not found</title>', /is a web page/],
    ['vgg19.h5', '\xef\xbb\xbf<html lang="en">', /is a web page/],
    ['vgg19.mat', '<?xml version="1.0"?><Error/>', /is an XML document/],
    [
      'vgg19.caffemodel',
      '# Oxford\nname: "VGG_ILSVRC_19_layers"\ninput: "data"\n',
      /describes a network for Caffe/,
    ],
    [
      'vgg19.caffemodel',
      '\nlayers {\n  bottom: "data"\n  name: "conv1_1"\n',
      /describes a network for Caffe/,
    ],
    ['vgg19.t7', torch7, /is a file of Torch7, for Lua: load it in Python with torchfile/],
    ['vgg19.pth', Buffer.from('\x03\0\0\0\x01\0\0\0\x02\0\0\0', 'latin1'), /is a file of Torch7/],
    ['vgg19.t7', '4\n1\n3\nV 1\n13\nnn.Sequential\n', /is a file of Torch7/],
    ['vgg_19.ckpt', checkpoint, /is a TensorFlow checkpoint: .*numpy\.savez/],
    ['vgg19.tflite', Buffer.from('\x1c\0\0\0TFL3', 'latin1'), /is a TensorFlow Lite model/],
    ['vgg19.pkl', "(dp0\nS'conv1_1'\np1\n", /is a pickle of Python in text, protocol 0/],
    [
      'model.safetensors.index.json',
      '{"metadata": {"total_size": 1}, "weight_map": {}}',
      /lists the parts of a network/,
    ],
    ['model.json', '{"error": "Repository not found"}', /is JSON, but no model of TensorFlow\.js/],
    [
      'vgg19.zip',
      encodeZip([{ name: 'vgg19.pth', bytes: new Uint8Array(9) }]),
      /a zip archive of 'vgg19\.pth': unpack it/,
    ],
    ['vgg19.pth', '', /is empty/],
  ] as const
).entries()) {
  test(`${index}, ${name}: ${message.source}`, async (t) => {
    const path = join(folder, `${index}-${name}`);
    await writeFile(path, typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    const error = await t.throwsAsync(importNetwork(path), { instanceOf: WeightsError, message });
    t.is(error?.file, path);
  });
}

test('so it is where a network is to be used', async (t) => {
  const path = join(folder, 'pointer.safetensors');
  await writeFile(path, 'version https://example.org/spec/v1\noid sha256:00\nsize 1\n');
  const message = /is a pointer of Git LFS/;
  await t.throwsAsync(findFile(path, { download: false }), { instanceOf: WeightsError, message });
});
