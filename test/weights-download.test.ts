// Downloads, from mirrors on this machine that behave as badly as real ones.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { DownloadError, OutputError } from '../dist/errors.js';
import { type DownloadOptions, download } from '../dist/weights/download.js';
import {
  type Behaviour,
  CONTENT,
  listen,
  mirror,
  sourceOf,
  stalled,
  status,
  truncated,
} from './support/mirror.js';

const PATIENCE = { silence: 300, pause: 1, tries: 3 };

/** Does as `download`, with a test's patience, to a file in a new folder. */
async function target(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'scumble-download-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'weights.part');
  const get = (urls: string[], options: Partial<DownloadOptions> = {}, content?: Uint8Array) =>
    download(sourceOf(urls, content), file, { network: 'vgg', patience: PATIENCE, ...options });
  const isRight = async () => CONTENT.equals(await readFile(file));
  return { file, get, isRight };
}

/** What a download from these mirrors says against them. */
async function refused(t: ExecutionContext, urls: string[], message: RegExp) {
  const { file, get } = await target(t);
  const error = await t.throwsAsync(get(urls), { instanceOf: DownloadError, code: 'ERR_DOWNLOAD', message });
  t.is(error?.network, 'vgg');
  return file;
}

test('a file, with its progress', async (t) => {
  const { url, ranges } = await mirror(t);
  const { get, isRight } = await target(t);
  const counts: number[] = [];
  await get([url], { onProgress: (received) => counts.push(received) });
  t.true(await isRight());
  t.deepEqual(ranges, [undefined]);
  t.is(counts[0], 0);
  t.is(counts.at(-1), CONTENT.length);
  t.deepEqual(
    counts,
    [...counts].sort((a, b) => a - b),
  );
});

test('a broken transfer goes on where it broke', async (t) => {
  const { url, ranges } = await mirror(t, [truncated(100_000), truncated(50_000)]);
  const { get, isRight } = await target(t);
  await get([url]);
  t.true(await isRight());
  t.deepEqual(ranges, [undefined, 'bytes=100000-', 'bytes=150000-']);
});

test('so does one that a process before began, at another mirror', async (t) => {
  const { url, ranges } = await mirror(t);
  const missing = await mirror(t, [status(404)]);
  const { file, get, isRight } = await target(t);
  await writeFile(file, CONTENT.subarray(0, 1234));
  await get([missing.url, url]);
  t.true(await isRight());
  t.deepEqual(ranges, ['bytes=1234-']);
});

test('a complete file is only checked', async (t) => {
  const { url, ranges } = await mirror(t);
  const { file, get } = await target(t);
  await writeFile(file, CONTENT);
  await get([url]);
  t.deepEqual(ranges, []);
});

test('a mirror that knows no ranges sends all again', async (t) => {
  const whole: Behaviour = (_, response) => response.end(CONTENT);
  const { url, ranges } = await mirror(t, [whole]);
  const { file, get, isRight } = await target(t);
  await writeFile(file, Buffer.alloc(5000));
  await get([url]);
  t.true(await isRight());
  t.is(ranges.length, 1);
});

test('a wrong beginning is thrown away, and the file fetched once more', async (t) => {
  const { url, ranges } = await mirror(t);
  const { file, get, isRight } = await target(t);
  await writeFile(file, Buffer.alloc(5000, 1));
  await get([url]);
  t.true(await isRight());
  t.deepEqual(ranges, ['bytes=5000-', undefined]);
});

test('what is too long is no beginning', async (t) => {
  const { url, ranges } = await mirror(t);
  const { file, get, isRight } = await target(t);
  await writeFile(file, Buffer.alloc(CONTENT.length + 1));
  await get([url]);
  t.true(await isRight());
  t.deepEqual(ranges, [undefined]);
});

test('a wrong hash: the next mirror, and nothing is kept', async (t) => {
  const other = Buffer.from(CONTENT);
  other[200_000]! ^= 1;
  const wrong = await mirror(t, [], other);
  const found = createHash('sha256').update(other).digest('hex');
  const file = await refused(t, [wrong.url], new RegExp(`has the sha256 ${found}, not [0-9a-f]{64}$`));
  t.false(existsSync(file));
  t.is(wrong.ranges.length, 1);

  const right = await mirror(t);
  const { get, isRight } = await target(t);
  await get([wrong.url, right.url]);
  t.true(await isRight());
});

test('an md5, where that is what is known', async (t) => {
  const { url } = await mirror(t);
  const { file } = await target(t);
  const hash = `md5:${createHash('md5').update(CONTENT).digest('hex')}`;
  const options = { network: 'vgg', patience: PATIENCE };
  await t.notThrowsAsync(download({ ...sourceOf([url]), hash }, file, options));
  await rm(file);
  const wrong = `md5:${'0'.repeat(32)}`;
  await t.throwsAsync(download({ ...sourceOf([url]), hash: wrong }, file, options), {
    message: /has the md5/,
  });
});

test('not found: the next mirror, without a second try', async (t) => {
  const missing = await mirror(t, [status(404)]);
  const gone = await mirror(t, [status(403)]);
  await refused(
    t,
    [missing.url, gone.url],
    /weights\.bin answers 404 Not Found\n.*weights\.bin answers 403 Forbidden$/,
  );
  t.is(missing.ranges.length, 1);
  t.is(gone.ranges.length, 1);
});

test('an error of the server may pass', async (t) => {
  const { url, ranges } = await mirror(t, [status(500), status(503)]);
  const { get, isRight } = await target(t);
  await get([url]);
  t.true(await isRight());
  t.is(ranges.length, 3);
});

test('or last', async (t) => {
  const { url, ranges } = await mirror(t, [status(500), status(500), status(500)]);
  await refused(t, [url], /answers 500 Internal Server Error$/);
  t.is(ranges.length, 3);
});

test('silence is not waited for', async (t) => {
  const { url, ranges } = await mirror(t, [stalled(1000), () => {}]);
  const { get, isRight } = await target(t);
  await get([url]);
  t.true(await isRight());
  t.deepEqual(ranges, [undefined, 'bytes=1000-', 'bytes=1000-']);
});

test('slowness is', async (t) => {
  const drip: Behaviour = (_, response) => {
    response.writeHead(200, { 'content-length': CONTENT.length });
    let at = 0;
    const step = 20_000;
    const timer = setInterval(() => {
      response.write(CONTENT.subarray(at, at + step));
      at += step;
      if (at < CONTENT.length) return;
      clearInterval(timer);
      response.end();
    }, 170);
  };
  const { url, ranges } = await mirror(t, [drip]);
  const { get, isRight } = await target(t);
  await get([url], { patience: { silence: 2000 } }); // which is less than all of it takes
  t.true(await isRight());
  t.is(ranges.length, 1);
});

test('redirects are followed, with the range', async (t) => {
  const { url, ranges } = await mirror(t);
  const first = await mirror(t, [status(302, { location: url })]);
  const { file, get, isRight } = await target(t);
  await writeFile(file, CONTENT.subarray(0, 7));
  await get([first.url]);
  t.true(await isRight());
  t.deepEqual(ranges, ['bytes=7-']);
});

test('but not in circles', async (t) => {
  const circle: Behaviour = (_, response) => response.writeHead(302, { location: '/weights.bin' }).end();
  const { url } = await mirror(t, Array(100).fill(circle));
  await refused(t, [url], /redirect count exceeded$/);
});

test('nobody there', async (t) => {
  const server = createServer();
  const origin = await listen(t, server);
  await new Promise((resolve) => server.close(resolve));
  await refused(t, [`${origin}/weights.bin`], /ECONNREFUSED/);
  await refused(t, ['http://no-such-host.invalid/weights.bin'], /no-such-host\.invalid/);
});

const wrongSizes: Record<string, [Behaviour, RegExp]> = {
  'a file of another size': [(_, response) => response.end('short'), /has 5 bytes, not 300001$/],
  'a longer one that does not say so': [
    (_, response) => {
      response.write(CONTENT);
      response.end('more');
    },
    /sends more than the 300001 bytes/,
  ],
  'a compressed one': [
    (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(CONTENT),
    /sends the file as gzip$/,
  ],
};
for (const [name, [behaviour, message]] of Object.entries(wrongSizes)) {
  test(`${name} is not taken`, async (t) => {
    const { url, ranges } = await mirror(t, [behaviour]);
    await refused(t, [url], message);
    t.is(ranges.length, 1);
  });
}

test('a shorter one that does not say so is tried again', async (t) => {
  const { url, ranges } = await mirror(t, [
    (_, response) => {
      response.write(CONTENT.subarray(0, 100));
      response.end();
    },
  ]);
  const { get, isRight } = await target(t);
  await get([url]);
  t.true(await isRight());
  t.deepEqual(ranges, [undefined, 'bytes=100-']);
});

for (const [name, range] of [
  ['another range', `bytes 10-${CONTENT.length - 1}/${CONTENT.length}`],
  ['a range of another file', `bytes 7-99/100`],
  ['no range', ''],
] as const) {
  test(`${name} than asked for is not taken`, async (t) => {
    const { url } = await mirror(t, [
      (_, response) => response.writeHead(206, { 'content-range': range }).end(CONTENT.subarray(7)),
    ]);
    const { file, get } = await target(t);
    await writeFile(file, CONTENT.subarray(0, 7));
    await t.throwsAsync(get([url]), { instanceOf: DownloadError });
    t.is((await stat(file)).size, 7, 'what was there is kept');
  });
}

test('an abort keeps what has come', async (t) => {
  const { url } = await mirror(t, [stalled(100_000)]);
  const { file, get, isRight } = await target(t);
  const reason = new Error('enough');
  const stop = new AbortController();
  const onProgress = (received: number) => received === 100_000 && stop.abort(reason);
  const error = await t.throwsAsync(
    get([url], { signal: stop.signal, onProgress, patience: { silence: 10_000 } }),
  );
  t.is(error, reason);
  t.is((await stat(file)).size, 100_000);
  await get([url]);
  t.true(await isRight());
});

test('an abort between two tries', async (t) => {
  const { url } = await mirror(t, [status(500)]);
  const { get } = await target(t);
  const signal = AbortSignal.timeout(50);
  const error = await t.throwsAsync(get([url], { signal, patience: { pause: 60_000 } }), { any: true });
  t.is(error, signal.reason);
});

test('what the listener throws ends the download', async (t) => {
  const { url } = await mirror(t);
  const { get } = await target(t);
  const reason = new Error('no more');
  const onProgress = async (received: number) => {
    if (received > 0) throw reason;
  };
  t.is(await t.throwsAsync(get([url], { onProgress })), reason);
});

test('no folder to write to', async (t) => {
  const { url, ranges } = await mirror(t);
  const { file } = await target(t);
  const options = { network: 'vgg', patience: PATIENCE };
  const error = await t.throwsAsync(download(sourceOf([url]), join(file, 'missing'), options), {
    instanceOf: OutputError,
  });
  t.regex(error!.message, /^cannot write ".*missing"/);
  t.is(ranges.length, 1, 'no other try would change that');
});

// A process that may write no file of more than 64 kB stands in for a full disk: the system refuses the write in the
// same place, and names another reason.
test('a disk that takes no more', async (t) => {
  const { url, ranges } = await mirror(t);
  const { file } = await target(t);
  const program = `
    import { download } from ${JSON.stringify(new URL('../dist/weights/download.js', import.meta.url).href)};
    process.on('SIGXFSZ', () => {});
    const [source, file] = process.argv.slice(1).map((text) => JSON.parse(text));
    await download(source, file, { network: 'vgg' }).catch(({ code, message }) => console.log(code, message));
  `;
  const given = [JSON.stringify(sourceOf([url])), JSON.stringify(file)];
  const stdout = await new Promise<string>((resolve) =>
    execFile(
      'sh',
      [
        '-c',
        'ulimit -f 64; exec "$@"',
        'sh',
        process.execPath,
        '--input-type=module',
        '--eval',
        program,
        ...given,
      ],
      { env: { ...process.env, NODE_OPTIONS: '' } },
      (_, out) => resolve(out),
    ),
  );
  t.regex(stdout, /^ERR_OUTPUT cannot write ".*weights\.part": the file would be too large\n$/);
  t.is(ranges.length, 1, 'no other mirror would change that');
  t.true((await stat(file)).size > 0, 'what has come is kept');
});

test.serial('proxies', async (t) => {
  const { url, ranges } = await mirror(t);
  const tunnels: string[] = [];
  const server = createServer().on('connect', (request, socket) => {
    tunnels.push(request.url!);
    const upstream = connect(Number(new URL(url).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => {});
    socket.on('error', () => {});
  });
  const proxy = await listen(t, server);
  t.teardown(() => {
    delete process.env.HTTP_PROXY;
    delete process.env.NO_PROXY;
  });
  const { file, get, isRight } = await target(t);

  process.env.HTTP_PROXY = proxy;
  const far = `http://weights.invalid:${new URL(url).port}/weights.bin`; // which only the proxy can find
  await get([far]);
  t.true(await isRight());
  t.deepEqual(tunnels, [`weights.invalid:${new URL(url).port}`]);

  process.env.NO_PROXY = '127.0.0.1';
  await rm(file);
  await get([url]);
  t.true(await isRight());
  t.is(tunnels.length, 1);
  t.is(ranges.length, 2);
});
