// Previews, Progress.image(): what they show, what they keep of the content, and asking for them at odd moments.

import { setImmediate as turn } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { addon, type EngineSession } from '../dist/engine/addon.js';
import { type Picture, type Progress, type RawImage, stylize } from '../dist/index.js';
import { bits, collect, collectGarbage, instead, options, wave } from './support/runs.js';

test('an image of the size asked for goes in bit for bit, and the first picture is the start', async (t) => {
  const content = wave(24, 16);
  const previews: Picture[] = [];
  await stylize(options({ content, onProgress: async (p) => previews.push(await p.image()) }));
  const [first, second] = previews;
  t.is(first?.data.length, 24 * 16 * 3);
  t.is(bits(first!), bits(content));
  t.not(bits(second!), bits(content));
});

test('a preview has the size of its scale', async (t) => {
  const sizes: unknown[] = [];
  const onProgress = async (p: Progress) => {
    const { width, height, channels, data, alpha } = await p.image();
    t.deepEqual([width, height], p.scale);
    t.is(data.length, width * height * 3);
    t.is(channels, 3);
    t.is(alpha, undefined);
    sizes.push(width);
  };
  await stylize(options({ content: wave(30, 20), scales: 2, minSize: 8, iterations: 1, onProgress }));
  t.deepEqual(sizes, [17, 24]);
});

const opacity = Uint8Array.from({ length: 24 * 16 }, (_, i) => i % 256);
const { data: colours } = wave(24, 16);
const transparent: RawImage = {
  data: Uint8Array.from({ length: 24 * 16 * 4 }, (_, i) =>
    i % 4 === 3 ? opacity[i >> 2]! : colours[(i >> 2) * 3 + (i % 4)]!,
  ),
  width: 24,
  height: 16,
  channels: 4,
};

test("the content's alpha is carried over to previews and picture", async (t) => {
  const seen: Picture[] = [];
  seen.push(
    await stylize(options({ content: transparent, onProgress: async (p) => seen.push(await p.image()) })),
  );
  t.is(seen.length, 4);
  for (const { alpha, channels } of seen) {
    t.is(channels, 4);
    t.deepEqual(
      alpha,
      Float32Array.from(opacity, (value) => value / 255),
    );
  }
});

test('at a smaller scale the alpha is smaller too', async (t) => {
  const changes = { content: transparent, scales: 2, minSize: 8, iterations: 1 };
  const alphas: (number | undefined)[] = [];
  const onProgress = async (p: Progress) => alphas.push((await p.image()).alpha?.length);
  await stylize(options({ ...changes, onProgress }));
  t.deepEqual(alphas, [17 * 11, 24 * 16]);
});

test("alpha of a style or a start is not the content's", async (t) => {
  const picture = await stylize(options({ style: transparent, init: transparent }));
  t.is(picture.channels, 3);
  t.is(picture.alpha, undefined);
});

test('a preview may be kept and written to: its memory is its own', async (t) => {
  const previews: Picture[] = [];
  const prints: string[] = [];
  const onProgress = async (p: Progress) => {
    const preview = await p.image();
    preview.data[0] = -1;
    previews.push(preview);
    prints.push(bits(preview));
  };
  const picture = await stylize(options({ onProgress }));
  t.deepEqual(previews.map(bits), prints);
  t.is(bits(picture), bits(await stylize(options())));
});

test('previews may be asked for without waiting, several at a time, to the last iteration', async (t) => {
  const asked: Promise<Picture>[] = [];
  const onProgress = (p: Progress) => {
    asked.push(p.image(), p.image());
  };
  const picture = await stylize(options({ scales: 2, minSize: 8, onProgress }));
  t.is(asked.length, 12);
  for (const preview of await Promise.all(asked)) t.true(preview.data.every(Number.isFinite));
  t.is(bits(await asked.at(-1)!), bits(picture));
});

test('the last preview is the picture', async (t) => {
  let last: Picture | undefined;
  const picture = await stylize(options({ onProgress: async (p) => (last = await p.image()) }));
  t.is(bits(last!), bits(picture));
});

test('a preview asked for after its scale is rejected, not thrown', async (t) => {
  const kept = await collect(stylize(options({ scales: 2, minSize: 8 })));
  t.is(kept.length, 6);
  for (const progress of kept) {
    let asked: Promise<Picture> | undefined;
    t.notThrows(() => {
      asked = progress.image();
    });
    await t.throwsAsync(asked!, { message: /disposed/ });
  }
});

test('previews asked for during an abort settle', async (t) => {
  const controller = new AbortController();
  const asked: Promise<unknown>[] = [];
  const onProgress = (p: Progress) => {
    asked.push(p.image());
    controller.abort();
    asked.push(p.image());
  };
  await t.throwsAsync(stylize(options({ onProgress, signal: controller.signal })), {
    name: 'AbortError',
    any: true,
  });
  const results = await Promise.allSettled(asked);
  t.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled'],
  );
});

test.serial('previews that nobody keeps do not pile up during a scale', async (t) => {
  const previews: WeakRef<Picture>[] = [];
  let alive = 0;
  const onProgress = async (p: Progress) => {
    previews.push(new WeakRef(await p.image()));
    if (p.iteration < 20) return;
    await collectGarbage();
    alive = previews.filter((preview) => preview.deref()).length;
  };
  await stylize(options({ iterations: 20, onProgress }));
  t.is(previews.length, 20);
  t.true(alive <= 1, `${alive} of 20 are still there`);
});

/** Lets `first` stand in for the first preview that is asked of every session. */
function replaceFirstPreview(
  t: ExecutionContext,
  first: (session: EngineSession) => Promise<Float32Array>,
): void {
  const { Session } = addon();
  t.teardown(() => {
    addon().Session = Session;
  });
  const replaced = (session: EngineSession): EngineSession => {
    let asked = false;
    const image = () => {
      if (asked) return session.image();
      asked = true;
      return first(session);
    };
    return instead(session, { image });
  };
  addon().Session = {
    estimate: Session.estimate,
    create: (...given) => {
      const { session, cancel } = Session.create(...given);
      return { session: session.then(replaced), cancel };
    },
  };
}

test.serial('a preview that fails takes neither the run nor the process with it', async (t) => {
  replaceFirstPreview(t, () => Promise.reject(new Error('out of memory')));
  const asked: Promise<unknown>[] = [];
  const onProgress = (p: Progress) => {
    if (p.iteration === 1) asked.push(t.throwsAsync(p.image(), { message: 'out of memory' }));
  };
  const picture = await stylize(options({ onProgress }));
  t.is((await Promise.all(asked)).length, 1);
  t.is(picture.width, 24);
});

test.serial('the run waits for a preview, however long it takes', async (t) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  replaceFirstPreview(t, async (session) => {
    await held;
    return session.image();
  });
  let preview: Promise<Picture> | undefined;
  let ended = false;
  const onProgress = (p: Progress) => {
    if (p.iteration === 1) preview = p.image();
  };
  const run = stylize(options({ onProgress })).finally(() => {
    ended = true;
  });
  while (!preview) await turn();
  for (let i = 0; i < 5000; i++) await turn();
  t.false(ended);
  release();
  t.is((await preview).width, 24);
  t.is((await run).width, 24);
});
