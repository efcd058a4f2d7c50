// Which network a run uses, by the command and by the API: the embedded one unless told, a named one if it is here or
// may be fetched, a file if it is one that can be read.

import { existsSync } from 'node:fs';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readOptions } from '../dist/image/write.js';
import { stylize } from '../dist/index.js';
import { embeddedFile } from '../dist/weights/catalog.js';
import { studio } from './support/cli.js';
import { WEIGHTS } from './support/golden.js';
import { type Behaviour, mirror, sourceOf, status } from './support/mirror.js';
import { packageCopy } from './support/package-copy.js';
import { collect, node, wave } from './support/runs.js';
import { encodeSafetensors, tinyNetwork, tinyNetworkFile } from './support/safetensors.js';

const RUN = ['content.png', 'style.png', '--size', '32', '--iterations', '2', '--progress', 'none'];
const { tensors, metadata } = tinyNetwork({ architecture: 'vgg16' });
const CONTENT = encodeSafetensors(tensors, metadata);

async function prepared(t: ExecutionContext, behaviours: Behaviour[] = []) {
  const { url, ranges } = await mirror(t, behaviours, CONTENT);
  const copy = await packageCopy(t, { tiny: sourceOf([url], CONTENT) });
  const folder = await studio(t);
  return {
    ...copy,
    folder,
    ranges,
    run: (...args: string[]) => copy.scumble(folder, [...RUN, ...args]),
    weights: async () => (await readOptions(join(folder, 'out.png')))?.weights,
    /** Runs a module that has `stylize`, `pullWeights` and `images`, the options of a short run. */
    api: (code: string) => {
      const images = {
        content: join(folder, 'content.png'),
        style: join(folder, 'style.png'),
        size: 32,
        iterations: 1,
      };
      const prelude = `
        import { pullWeights, stylize } from ${JSON.stringify(copy.entry)};
        const images = ${JSON.stringify(images)};
      `;
      return node(['--input-type=module', '--eval', prelude + code], { env: copy.env });
    },
  };
}

test('two images are enough', async (t) => {
  const { run, weights, cache } = await prepared(t);
  const { code, stderr } = await run();
  t.is(code, 0, stderr);
  t.is(await weights(), 'vgg19-slim');
  t.false(existsSync(cache), 'and nothing is written but the picture');
});

test('the command fetches a network by its name, once', async (t) => {
  const { run, ranges, weights } = await prepared(t);
  const first = await run('--weights', 'tiny');
  t.is(first.code, 0, first.stderr);
  t.regex(first.stderr, /^tiny {2}0\.0 MB of 0\.\d MB\n/);
  t.is(await weights(), 'tiny');
  const second = await run('--weights', 'tiny', '--no-download');
  t.is(second.code, 0, second.stderr);
  t.regex(second.stderr, /^out\.png: .*\n$/);
  t.is(ranges.length, 1);
});

test('unless it must not', async (t) => {
  const { run, ranges } = await prepared(t);
  const { code, stderr } = await run('--weights', 'tiny', '--no-download');
  t.is(code, 1);
  t.regex(
    stderr,
    /^scumble: tiny is not on this machine: get it with "scumble weights pull tiny" \(0\.\d MB\)/,
  );
  t.is(ranges.length, 0);
});

test('or cannot', async (t) => {
  const { run } = await prepared(t, [status(404)]);
  const { code, stderr } = await run('--weights', 'tiny');
  t.is(code, 1);
  t.regex(
    stderr,
    /^scumble: tiny cannot be downloaded:\n {2}http.* answers 404 Not Found\n.*scumble weights import/,
  );
});

test('the environment names a network too', async (t) => {
  const { scumble, folder, weights } = await prepared(t);
  const { code, stderr } = await scumble(folder, RUN, { SCUMBLE_WEIGHTS: 'tiny' });
  t.is(code, 0, stderr);
  t.is(await weights(), 'tiny');
});

test('a network that is made needs no permission', async (t) => {
  const { run } = await prepared(t);
  const { code, stderr } = await run('--weights', 'made', '--no-download', '--content-layers', 'relu4_1');
  t.is(code, 0, stderr);
});

test('a file that has the name of a network is meant by its path', async (t) => {
  const { run, folder, ranges } = await prepared(t);
  await rename(await tinyNetworkFile(folder, { architecture: 'vgg19' }), join(folder, 'tiny'));
  const { code, stderr } = await run('--weights', './tiny');
  t.is(code, 0, stderr);
  t.is(ranges.length, 0);
});

test('the API downloads only when told to', async (t) => {
  const { api, ranges } = await prepared(t);
  const refused = await api(`
    await stylize({ ...images, weights: 'tiny' }).catch(({ name, code, network, message }) =>
      console.log(JSON.stringify({ name, code, network, message })));
  `);
  t.like(JSON.parse(refused.stdout), { name: 'DownloadError', code: 'ERR_DOWNLOAD', network: 'tiny' });
  t.regex(JSON.parse(refused.stdout).message, /scumble weights pull tiny.*or with the option download$/);
  t.is(ranges.length, 0);

  const allowed = await api(`
    const picture = await stylize({ ...images, weights: 'tiny', download: true });
    console.log(picture.width);
  `);
  t.is(allowed.stdout, '32\n', allowed.stderr);
  t.is(allowed.stderr, '');
  t.is(ranges.length, 1);
});

test('or ahead, with progress', async (t) => {
  const { api, cache } = await prepared(t);
  const { stdout, stderr } = await api(`
    let last;
    const file = await pullWeights('tiny', { onProgress: (progress) => { last = progress; } });
    const picture = await stylize({ ...images, weights: 'tiny' });
    console.log(JSON.stringify({ file, last, width: picture.width }));
  `);
  t.is(stderr, '');
  t.deepEqual(JSON.parse(stdout), {
    file: join(cache, 'tiny.safetensors'),
    last: { received: CONTENT.length, size: CONTENT.length },
    width: 32,
  });
});

test('an abort ends the download that a run waits for', async (t) => {
  const { api } = await prepared(t, [(_, response) => void response.writeHead(200).write('x')]);
  const { stdout } = await api(`
    const reason = new Error('enough');
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 500);
    await stylize({ ...images, weights: 'tiny', download: true, signal: stop.signal })
      .catch((error) => console.log(error === reason));
  `);
  t.is(stdout, 'true\n');
});

test('what is no network of Scumble: the message says what to do', async (t) => {
  const { run, folder } = await prepared(t);
  for (const [file, start] of [
    ['vgg.pth', 'PK\x03\x04\x14\x00\x00\x00\x08'],
    ['vgg.h5', '\x89HDF\r\n\x1a\n\x00'],
    ['vgg.caffemodel', '\x0a\x0eVGG_ILSVRC_19'],
  ] as const) {
    await writeFile(join(folder, file), Buffer.from(start, 'latin1'));
    const { code, stderr } = await run('--weights', file);
    t.is(code, 1);
    t.is(
      stderr,
      `scumble: ${file}: is not in safetensors; convert it once: scumble weights import ${file}\n`,
    );
  }
  const mistyped = await run('--weights', 'vgg-19');
  t.is(mistyped.code, 1);
  t.is(
    mistyped.stderr,
    'scumble: vgg-19: is neither a file nor one of the networks vgg19-slim, made, tiny\n',
  );
  t.regex((await run('--weights', 'no.safetensors')).stderr, /^scumble: no\.safetensors: does not exist\n$/);
  await mkdir(join(folder, 'folder'));
  t.regex((await run('--weights', 'folder')).stderr, /^scumble: folder: is not a regular file\n$/);
});

// The options' defaults are meant for VGG-19's losses, so the embedded network's must be of their size: whatever its
// channels, a ReLU network can be scaled so, layer by layer, without changing what it sees.
const embedded = embeddedFile('vgg19-slim.safetensors');
const absent = existsSync(WEIGHTS) ? undefined : WEIGHTS;
(absent ? test.skip : test)(
  `the embedded network's losses are as large as VGG-19's${absent ? `: there is no ${basename(absent)}` : ''}`,
  async (t) => {
    t.true((await stat(embedded)).size <= 3e6);
    const losses = async (weights: string) => {
      const [first] = await collect(
        stylize({
          content: wave(96, 64, 1),
          style: wave(96, 80, 2),
          size: 96,
          scales: 1,
          iterations: 1,
          init: 'noise',
          weights,
        }),
      );
      return { ...first!.content, ...first!.style };
    };
    const [slim, whole] = [await losses('vgg19-slim'), await losses(WEIGHTS)];
    for (const [layer, loss] of Object.entries(whole)) {
      const ratio = slim[layer]! / loss;
      t.true(ratio > 0.1 && ratio < 10, `${layer}: ${ratio} times as large`);
    }
  },
);
