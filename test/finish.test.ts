// The finish: colours go to the style's mean and spread, softly within its range; nothing changes where there is nothing to
// change, grey stays grey, and what was lighter stays lighter.

import test from 'ava';
import type { Finishing } from '../dist/finish/colour-map.js';
import { finishPicture, paletteOfImage } from '../dist/finish/finish.js';
import { type Lab, labAt, writeLab } from '../dist/finish/oklab.js';
import { blended, chromaOf, type Palette } from '../dist/finish/palette.js';
import { transport } from '../dist/finish/transport.js';
import type { Raster } from '../dist/image/types.js';
import { type Picture, type Progress, stylize } from '../dist/index.js';
import { bits, options, wave } from './support/runs.js';

const FINISHES = ['none', 'palette', 'content-colours'] as const;

/** Waves of colour around a mean, in 0..255. */
function painting(seed: number, mean: number[], spread: number[], width = 61, height = 47): Raster {
  const data = new Float32Array(3 * width * height);
  for (let i = 0; i < data.length; i++) {
    const k = i % 3;
    const at = Math.floor(i / 3);
    const wave =
      Math.sin((at % width) * (0.11 + 0.05 * k) * seed) + Math.cos(Math.floor(at / width) * 0.17 * seed + k);
    data[i] = mean[k]! + (spread[k]! * wave) / 2;
  }
  return { data, width, height };
}

const picture = () => painting(1, [120, 130, 110], [60, 50, 40]);
const style = painting(2.3, [90, 110, 150], [80, 70, 60]);
const grey = painting(1.7, [100, 100, 100], [0, 0, 0]);
for (let i = 0; i < grey.data.length; i++) grey.data[i] = 40 + ((i - (i % 3)) % 177);

function finished(
  from: Raster,
  finish: Finishing['finish'],
  vividness: number,
  palette: Palette,
  content?: Raster,
) {
  const copy = { ...from, data: from.data.slice() };
  return finishPicture({ picture: copy, content, finish, vividness, style: palette });
}

const furthest = (a: Float32Array, b: Float32Array) =>
  a.reduce((far, x, i) => Math.max(far, Math.abs(x - b[i]!)), 0);

test('OKLab: known colours, and back to a thousandth of a step', (t) => {
  const lab: Lab = [0, 0, 0];
  const known: [number[], number[]][] = [
    [
      [255, 255, 255],
      [1, 0, 0],
    ],
    [
      [255, 0, 0],
      [0.62796, 0.22486, 0.12585],
    ],
    [
      [0, 255, 0],
      [0.86644, -0.23389, 0.1795],
    ],
    [
      [0, 0, 255],
      [0.45201, -0.03246, -0.31153],
    ],
  ];
  for (const [rgb, expected] of known) {
    labAt(Float32Array.from(rgb), 0, lab);
    t.true(
      lab.every((value, k) => Math.abs(value - expected[k]!) < 1e-4),
      `${rgb}: ${lab}`,
    );
  }
  const all = new Float32Array(3 * 17 ** 3).map(
    (_, i) => (Math.floor(Math.floor(i / 3) / 17 ** (i % 3)) % 17) * 15.9375,
  );
  const back = new Float32Array(all.length);
  for (let i = 0; i < all.length; i += 3) {
    labAt(all, i, lab);
    writeLab(back, i, ...lab);
  }
  t.true(furthest(all, back) < 0.02);
});

test('a colour that sRGB lacks keeps lightness and hue', (t) => {
  const data = new Float32Array(3);
  const lab: Lab = [0, 0, 0];
  writeLab(data, 0, 0.7, 0.3, 0.3);
  labAt(data, 0, lab);
  t.true(Math.abs(lab[0] - 0.7) < 1e-3);
  t.true(Math.abs(lab[1] - lab[2]) < 1e-3);
  t.true(lab[1] > 0.1 && lab[1] < 0.3);
});

test('the transport turns one covariance into the other, and does nothing between equal ones', (t) => {
  const from = [3e-3, 1e-3, 2e-3] as [number, number, number];
  const to = [1e-3, -5e-4, 4e-3] as [number, number, number];
  const [p, q, r] = transport(from, to);
  const [x, y, z] = from;
  const moved = [
    p * p * x + 2 * p * q * y + q * q * z,
    p * q * x + (p * r + q * q) * y + q * r * z,
    q * q * x + 2 * q * r * y + r * r * z,
  ];
  for (const [i, value] of moved.entries()) t.true(Math.abs(value - to[i]!) < 1e-9);
  for (const [i, value] of transport(from, from).entries()) t.true(Math.abs(value - [1, 0, 1][i]!) < 1e-9);
  t.deepEqual(transport(from, [0, 0, 0]).map(Math.abs), [0, 0, 0]);
});

for (const finish of ['none', 'palette'] as const) {
  test(`${finish}: a picture that is the style stays as it is`, (t) => {
    const held = { ...style, data: style.data.map((value) => Math.min(Math.max(value, 0), 255)) };
    const palette = paletteOfImage(held);
    for (const vividness of [0, 0.5, 1]) {
      t.true(furthest(finished(held, finish, vividness, palette).data, held.data) < 0.05);
    }
  });
}

test('contrast and chroma come to those of the style, and past them', (t) => {
  const wanted = paletteOfImage(style);
  for (const finish of ['none', 'palette'] as const) {
    for (const vividness of [1, 1.2]) {
      const got = paletteOfImage(finished(picture(), finish, vividness, wanted));
      t.true(Math.abs(Math.sqrt(got.contrast / wanted.contrast) / vividness - 1) < 0.03);
      t.true(Math.abs(chromaOf(got) / chromaOf(wanted) / vividness - 1) < 0.03);
    }
  }
});

test("palette: the mean is the style's", (t) => {
  const wanted = paletteOfImage(style);
  const got = paletteOfImage(finished(picture(), 'palette', 1, wanted));
  for (const [k, value] of got.mean.entries()) t.true(Math.abs(value - wanted.mean[k]!) < 5e-3);
});

test('what was lighter stays lighter, and nothing is cut off', (t) => {
  const ramp: Raster = {
    width: 256,
    height: 1,
    data: new Float32Array(768).map((_, i) => Math.floor(i / 3)),
  };
  for (const vividness of [1, 1.5]) {
    const { data } = finished(ramp, 'palette', vividness, paletteOfImage(style));
    const lab: Lab = [0, 0, 0];
    let before = -1;
    for (let i = 0; i < data.length; i += 3) {
      labAt(data, i, lab);
      t.true(lab[0] > before - 1e-4);
      before = lab[0];
    }
  }
});

for (const finish of ['palette', 'content-colours'] as const) {
  test(`${finish}: a grey style leaves exactly grey, a grey picture stays exactly grey with it`, (t) => {
    for (const from of [picture(), grey]) {
      const content = finish === 'content-colours' ? from : undefined;
      const { data } = finished(from, finish, 1.2, paletteOfImage(grey), content);
      for (let i = 0; i < data.length; i += 3) {
        t.true(data[i] === data[i + 1] && data[i] === data[i + 2]);
      }
    }
  });
}

test('content-colours: colours are where the content has them', (t) => {
  const content = picture();
  for (let i = 0; i < content.data.length; i += 3) {
    const left = (i / 3) % content.width < content.width / 2;
    content.data.set(left ? [200, 80, 80] : [80, 80, 200], i);
  }
  const { data } = finished(
    painting(3, [128, 128, 128], [50, 50, 50]),
    'content-colours',
    1,
    paletteOfImage(style),
    content,
  );
  const lab: Lab = [0, 0, 0];
  const at = (x: number) => {
    labAt(data, 3 * (20 * content.width + x), lab);
    return [...lab];
  };
  t.true(at(5)[2]! > at(55)[2]! + 0.02);
});

test('the palette of several images is that of all their pixels', (t) => {
  const [a, b] = [picture(), style];
  const both: Raster = {
    width: a.width,
    height: 2 * a.height,
    data: Float32Array.from([...a.data, ...b.data]),
  };
  const [together, blend] = [paletteOfImage(both), blended([a, b].map(paletteOfImage), [0.5, 0.5])];
  for (let k = 0; k < 3; k++) {
    t.true(Math.abs(together.mean[k]! - blend.mean[k]!) < 1e-9);
    t.true(Math.abs(together.colour[k]! - blend.colour[k]!) < 1e-9);
  }
  t.true(Math.abs(together.contrast - blend.contrast) < 1e-9);
});

test('transparent pixels count for nothing', (t) => {
  const hidden = { ...picture(), alpha: new Float32Array(61 * 47).fill(1) };
  for (let i = 0; i < 500; i++) {
    hidden.alpha[i] = 0;
    hidden.data.set([255, 0, 255], 3 * i);
  }
  const shown = { width: 61 * 47 - 500, height: 1, data: hidden.data.slice(1500) };
  t.deepEqual(paletteOfImage(hidden), paletteOfImage(shown));
});

test('a run: previews and the result are finished, and at vividness 0 without a finish they are as painted', async (t) => {
  const like = wave(24, 20, 2);
  const previews: Picture[] = [];
  const run = async (finish: Finishing['finish'], vividness: number) => {
    const onProgress = async ({ image }: Progress) => void previews.push(await image());
    return stylize(options({ finish, vividness, style: like, iterations: 2, onProgress }));
  };
  const plain = await run('none', 0);
  const wanted = paletteOfImage(like);
  for (const finish of FINISHES) {
    const got = await run(finish, 1);
    t.is(bits(previews.at(-1)!), bits(got));
    t.not(bits(got), bits(plain));
    t.true(Math.abs(Math.sqrt(paletteOfImage(got).contrast / wanted.contrast) - 1) < 0.05);
    t.deepEqual([got.options.finish, got.options.vividness], [finish, 1]);
  }
});
