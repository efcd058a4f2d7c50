// Transparent pixels are in no statistic: neither a style's nor the picture's.

import test from 'ava';
import { type Progress, type RawImage, stylize } from '../dist/index.js';
import { bits, options, wave } from './support/runs.js';

const WIDTH = 24;
const HEIGHT = 16;
const texture = wave(WIDTH, HEIGHT, 5);

/** The texture, and as much of `colour` beside it, opaque or not. */
function beside(opacity: number, colour = 30): RawImage {
  const data = new Uint8Array(2 * WIDTH * HEIGHT * 4);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < 2 * WIDTH; x++) {
      const to = (y * 2 * WIDTH + x) * 4;
      const from = (y * WIDTH + x) * 3;
      for (let k = 0; k < 3; k++) data[to + k] = x < WIDTH ? texture.data[from + k]! : colour;
      data[to + 3] = x < WIDTH ? 255 : opacity;
    }
  }
  return { data, width: 2 * WIDTH, height: HEIGHT, channels: 4 };
}

/** The losses where the picture is the texture. */
async function losses(changes: object): Promise<Progress['losses']> {
  let first: Progress | undefined;
  const wanted = { iterations: 1, scales: 1, meanStdWeight: 1, meanStdLayers: ['relu1_1'], ...changes };
  await stylize(options({ ...wanted, onProgress: (p) => (first ??= p) }));
  return first!.losses;
}

test('what is transparent in a style is not painted', async (t) => {
  const at = { content: texture, size: WIDTH, styleScale: 2 };
  const hidden = await losses({ ...at, style: beside(0) });
  const shown = await losses({ ...at, style: beside(255) });
  for (const name of ['style:relu1_1', 'mean-std:relu1_1']) {
    t.true(hidden[name]! < shown[name]! / 4, `${name}: ${hidden[name]} and ${shown[name]}`);
  }
});

test('what is transparent in the content is not made to look like the style', async (t) => {
  const at = { style: texture, size: 2 * WIDTH, styleScale: 0.5 };
  const hidden = await losses({ ...at, content: beside(0) });
  const shown = await losses({ ...at, content: beside(255) });
  for (const name of ['style:relu1_1', 'mean-std:relu1_1']) {
    t.true(hidden[name]! < shown[name]! / 4, `${name}: ${hidden[name]} and ${shown[name]}`);
  }
});

test('what a file hides under it makes no difference', async (t) => {
  const paint = (colour: number) =>
    stylize(options({ content: beside(0, colour), style: beside(0, 255 - colour), scales: 2, minSize: 12 }));
  t.is(bits(await paint(0)), bits(await paint(200)));
});
