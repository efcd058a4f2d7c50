// What the judge finds wrong with pictures that are wrong on purpose.

import test from 'ava';
import { coloursOf } from '../dist/score/colour.js';
import { chromaByLightness, frameOf, lightestOf, veilOf } from '../dist/score/faults.js';
import { grainOf } from '../dist/score/grain.js';
import { plain } from './support/runs.js';
import { seeded } from './support/safetensors.js';

type Paint = (x: number, y: number, random: () => number) => number | [number, number, number];

function image(width: number, height: number, paint: Paint) {
  const random = seeded(3);
  const made = plain(width, height, [0, 0, 0]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = paint(x, y, random);
      made.data.set(typeof colour === 'number' ? [colour, colour, colour] : colour, (y * width + x) * 3);
    }
  }
  return coloursOf(made);
}

const slope: Paint = (x, y) => 80 + x / 3 + y / 4;
const noisy: Paint = (x, y, random) => 80 + x / 3 + y / 4 + 12 * (random() - 0.5);

test('grain: none on a slope, twice as much noise is twice as much', (t) => {
  const none = grainOf(image(130, 97, slope));
  const once = grainOf(image(130, 97, (_x, _y, random) => 128 + 10 * (random() - 0.5)));
  const twice = grainOf(image(130, 97, (_x, _y, random) => 128 + 20 * (random() - 0.5)));
  t.true(none.fine < 1e-3);
  t.true(once.fine > 5e-3);
  t.true(Math.abs(twice.fine / once.fine - 2) < 0.02);
});

test('grain: of noise without a pattern it is nearly all of the deviation', (t) => {
  const colours = image(200, 200, (_x, _y, random) => 128 + 10 * (random() - 0.5));
  const lightness = [...colours.lab].filter((_, i) => i % 3 === 0);
  const mean = lightness.reduce((a, b) => a + b, 0) / lightness.length;
  const deviation = Math.sqrt(lightness.reduce((sum, l) => sum + (l - mean) ** 2, 0) / lightness.length);
  // Frequencies of at least 8 cycles a tile of 32: all but a circle of the square.
  const part = Math.sqrt(1 - Math.PI / 16);
  t.true(Math.abs(grainOf(colours).fine / deviation - part) < 0.05);
});

test('a grid stands out of noise, whatever its period, phase and direction', (t) => {
  t.true(grainOf(image(130, 97, noisy)).grid < 1e-3);
  const patterns: [string, Paint][] = [
    ['2', (x) => 4 * (x % 2)],
    ['2, rows', (_, y) => 4 * ((y + 1) % 2)],
    ['checks', (x, y) => 4 * ((x + y) % 2)],
    ['4', (x) => (((x + 3) % 4) * 2) as number],
    ['8', (x, y) => (x % 8 === 5 || y % 8 === 2 ? 8 : 0)],
    ['2.9, a weave', (x, y) => 3 * Math.sin((2 * Math.PI * x) / 2.9) + 3 * Math.sin((2 * Math.PI * y) / 2.9)],
  ];
  for (const [name, pattern] of patterns) {
    const painted: Paint = (x, y, random) =>
      (noisy(x, y, random) as number) + (pattern(x, y, random) as number);
    const { grid } = grainOf(image(130, 97, painted));
    t.true(grid > 3e-3, `${name}: ${grid}`);
  }
});

test('what is busy hides neither grain nor grid of what is flat', (t) => {
  const half: Paint = (x, y, random) =>
    x < 128 ? (noisy(x, y, random) as number) : 128 + 100 * Math.sin(x / 2) * Math.sin(y / 3);
  const all = grainOf(image(192, 96, half));
  const flat = grainOf(image(128, 96, noisy));
  t.true(Math.abs(all.fine / flat.fine - 1) < 0.15);
  t.true(all.grid < 1e-3);
});

test('a dark frame', (t) => {
  const framed = (depth: number) =>
    image(60, 40, (x, y) => (Math.min(x, y, 59 - x, 39 - y) < depth ? 50 : 150));
  t.true(Math.abs(frameOf(image(60, 40, () => 150))) < 1e-9);
  t.true(frameOf(framed(4)) < -0.2);
  t.true(Math.abs(frameOf(framed(2)) - frameOf(framed(4)) / 2) < 0.05);
});

test('a veil: light areas that are paler than the style is at like lightness', (t) => {
  const style = image(40, 40, (x) => (x < 20 ? [250, 230, 120] : [20, 30, 110]));
  const content = image(40, 40, (_, y) => (y < 4 ? 240 : 60));
  const lightest = lightestOf(content);
  t.is(lightest.length, 160);
  t.deepEqual(
    [...lightest].sort((a, b) => a - b),
    Array.from({ length: 160 }, (_, i) => i),
  );
  const chroma = chromaByLightness(style);
  const veil = (light: [number, number, number]) =>
    veilOf(
      image(40, 40, (_, y) => (y < 4 ? light : [20, 30, 110])),
      lightest,
      chroma,
    )!;
  t.true(Math.abs(veil([250, 230, 120]) - 1) < 1e-9);
  t.true(veil([235, 230, 205]) < 0.5);
  t.true(veil([255, 220, 40]) > 1.2);
  t.is(veilOf(content, lightest, chromaByLightness(content)), null);
});
