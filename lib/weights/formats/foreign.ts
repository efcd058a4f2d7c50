// What people have under the name of a network that is none, or none that can be read: known by its first bytes, so
// that it can be said what it is and what to do about it.

import type { WeightsFile } from './file.js';

const START_BYTES = 4096;

const UNPACK = 'unpack it, and give the network that is in it';
const TORCH7 =
  'is a file of Torch7, for Lua: load it in Python with torchfile, and save its arrays with numpy.savez(path, **arrays)';

/** Bytes, the place where they are, and what a file is that has them there. */
const MAGICS: [magic: string, at: number, says: string][] = [
  ['\x1f\x8b', 0, `is compressed by gzip: ${UNPACK}`],
  ['BZh91AY&SY', 0, `is compressed by bzip2: ${UNPACK}`],
  ['\xfd7zXZ\0', 0, `is compressed by xz: ${UNPACK}`],
  ['\x28\xb5\x2f\xfd', 0, `is compressed by zstd: ${UNPACK}`],
  ['7z\xbc\xaf\x27\x1c', 0, `is a 7z archive: ${UNPACK}`],
  ['Rar!\x1a\x07', 0, `is a RAR archive: ${UNPACK}`],
  ['ustar', 257, `is a tar archive: ${UNPACK}`],
  ['\x04\0\0\0\x01\0\0\0\x03\0\0\0V 1', 0, TORCH7], // an object
  ['\x03\0\0\0\x01\0\0\0', 0, TORCH7], // a table
  ['4\n1\n3\nV 1\n', 0, TORCH7], // an object, in text
  ['TFL3', 4, 'is a TensorFlow Lite model: import the model that it was made from'],
  ['GGUF', 0, 'is a GGUF file, of a language model'],
];

/** How texts begin. */
const TEXTS: [start: RegExp, says: string][] = [
  [
    /^version https?:\/\/\S{1,200}\noid sha256:/,
    'is a pointer of Git LFS, which stands for the network: get the file itself with "git lfs pull"',
  ],
  [
    /^\s*<(?:!doctype html|html|head|body|!--)/i,
    'is a web page: the download went to a page about the network, or to one that says what went wrong; get it again',
  ],
  [
    /^\((?:d|l)p?\d*\n/,
    'is a pickle of Python in text, protocol 0: load it there, and dump it again with protocol=2',
  ],
  [/^\s*<\?xml/, 'is an XML document, not the weights of a network'],
  [
    /^[\t\n\r\x20-\x7e]*?(?:^|\n)\s*(?:name\s*:\s*"|layers?\s*\{|input\s*:\s*"|input_dim\s*:)/,
    'describes a network for Caffe (.prototxt), without weights: these are in the .caffemodel that goes with it',
  ],
  [
    /^\s*\{.{0,4000}"weight_map"\s*:/s,
    'lists the parts of a network in several safetensors files: give the one that has the convolutions',
  ],
];

/** The last bytes of a TensorFlow checkpoint, and of the index of one. */
const TABLE_MAGIC = '\x57\xfb\x80\x8b\x24\x75\x47\xdb';

/** What a file is, and what to do; undefined for one that may be a network. */
export async function whatElse(file: WeightsFile): Promise<string | undefined> {
  if (file.size === 0) return 'is empty';
  const text = Buffer.from(await file.read(0, Math.min(file.size, START_BYTES))).toString('latin1');
  const [, , magic] = MAGICS.find(([magic, at]) => text.startsWith(magic, at)) ?? [];
  if (magic !== undefined) return magic;
  const [, says] = TEXTS.find(([pattern]) => pattern.test(text.replace(/^\xef\xbb\xbf/, ''))) ?? [];
  if (says !== undefined) return says;
  const end = await file.read(
    Math.max(file.size - TABLE_MAGIC.length, 0),
    Math.min(file.size, TABLE_MAGIC.length),
  );
  if (Buffer.from(end).toString('latin1') !== TABLE_MAGIC) return undefined;
  return 'is a TensorFlow checkpoint: load it in Python with tf.train.load_checkpoint, and save its arrays with numpy.savez(path, **arrays)';
}
