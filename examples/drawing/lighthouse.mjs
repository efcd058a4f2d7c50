// Draws a travel poster in flat inks: a lighthouse on a rock, a sailing boat, hills and a large low sun. The shapes are
// SVG, rasterised by sharp; nothing but a little of the paper's grain is added to them.
import sharp from 'sharp';
import { clamp, hash2, makeRandom, noise } from './random.mjs';

const WIDTH = 432;
const HEIGHT = 560;
const OVER = 2;

const ink = {
  sky: ['#f6c667', '#f2ad5f', '#ea8f5c', '#d9705c'],
  sun: '#fbe6a8',
  far: '#a8626b',
  hills: '#7a4a63',
  sea: ['#2f6f83', '#27607a', '#1f5069', '#173f58'],
  foam: '#e9dfc3',
  rock: '#2a2b3f',
  rockLight: '#4b4358',
  grass: '#5d7a4e',
  wall: '#f4ead2',
  shade: '#cdb9a4',
  red: '#c23b32',
  dark: '#23233a',
};

const path = (d, fill) => `<path d="${d}" fill="${fill}"/>`;
const rect = (x, y, w, h, fill) => `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${fill}"/>`;

/** A crest from left to right over a depth, wavy as the function says. */
function crest(y, fill, wave, low = HEIGHT) {
  let d = `M-4 ${low}`;
  for (let x = -4; x <= WIDTH + 4; x += 4) d += `L${x} ${(y + wave(x)).toFixed(1)}`;
  return path(`${d}L${WIDTH + 4} ${low}Z`, fill);
}

function sky() {
  const parts = ink.sky.map((fill, i) => rect(0, i * 70, WIDTH, HEIGHT, fill));
  for (let i = 0; i < 18; i++) {
    const [a, b] = [i * 20 - 2, i * 20 + 8].map((turn) => (turn * Math.PI) / 180);
    const at = (angle) =>
      `${(150 + Math.cos(angle) * 700).toFixed(1)} ${(232 + Math.sin(angle) * 700).toFixed(1)}`;
    parts.push(`<path d="M150 232L${at(a)}L${at(b)}Z" fill="${ink.sun}" opacity="0.28"/>`);
  }
  parts.push(`<circle cx="150" cy="232" r="82" fill="${ink.sun}"/>`);
  const cloud = (x, y, s, fill) =>
    path(
      `M${x} ${y}q${6 * s} ${-14 * s} ${24 * s} ${-12 * s}q${10 * s} ${-20 * s} ${36 * s} ${-12 * s}q${18 * s} ${-10 * s} ${34 * s} ${8 * s}q${22 * s} ${-2 * s} ${28 * s} ${16 * s}z`,
      fill,
    );
  parts.push(cloud(16, 96, 1, ink.foam), cloud(196, 150, 0.8, ink.foam), cloud(290, 60, 1.1, '#f4d9a4'));
  return parts.join('');
}

function land() {
  return [
    crest(286, ink.far, (x) => -24 * Math.sin(x * 0.014 + 0.5) - 12 * Math.sin(x * 0.037), 340),
    crest(304, ink.hills, (x) => -12 * Math.sin(x * 0.021 + 2.4) - 6 * Math.sin(x * 0.05), 340),
  ].join('');
}

function sea() {
  const random = makeRandom(41);
  const parts = [rect(0, 322, WIDTH, HEIGHT, ink.sea[0])];
  for (let i = 0; i < 3; i++) {
    parts.push(
      crest(372 + i * 58, ink.sea[i + 1], (x) => 7 * Math.sin(x * 0.05 + i * 2.2) + 3 * Math.sin(x * 0.11)),
    );
  }
  // The sun on the water: bars that widen towards the viewer.
  for (let i = 0; i < 17; i++) {
    const y = 328 + i * 9 + i * i * 0.3;
    const half = 62 - 20 * Math.sin(i * 1.9) + i * 1.5;
    parts.push(
      `<rect x="${150 - half + random.between(-9, 9)}" y="${y}" width="${half * 2}" height="${3 + i * 0.2}" rx="2" fill="${i % 3 ? '#f2b765' : ink.sun}"/>`,
    );
  }
  for (let i = 0; i < 30; i++) {
    const [x, y] = [random.between(0, WIDTH), random.between(352, HEIGHT - 20)];
    const s = (y - 300) / 160;
    parts.push(
      `<path d="M${x} ${y}q${9 * s} ${-7 * s} ${18 * s} 0t${18 * s} 0" fill="none" stroke="${ink.foam}" stroke-width="${1.6 * s}" opacity="0.75"/>`,
    );
  }
  return parts.join('');
}

function boat() {
  return `<g transform="translate(112 372) scale(1.18)">
    ${path('M0 0L0 -84L-44 -10Z', ink.foam)}${path('M4 -6L4 -90Q46 -50 50 -10Z', ink.wall)}
    ${path('M4 -48L38 -46Q46 -30 48 -20L4 -24Z', ink.red)}${rect(0, -94, 4, 96, ink.dark)}
    ${path('M4 -94L26 -88L4 -82Z', ink.red)}${path('M-50 0L62 0Q52 26 36 26L-28 26Q-44 20 -50 0Z', ink.dark)}
    ${path('M-47 8L59 8L56 14L-44 14Z', ink.red)}
  </g>`;
}

function rock() {
  return [
    path('M196 560L214 486L246 470L258 428L300 408L330 396L372 402L432 388L432 560Z', ink.rock),
    path('M258 428L300 408L330 396L330 440L300 470L282 520L268 470Z', ink.rockLight),
    path('M372 402L432 388L432 420L400 452L388 500L372 440Z', ink.rockLight),
    path('M214 486L246 470L250 510L232 560L206 560Z', ink.rockLight),
    path('M286 414Q330 388 376 402Q410 388 436 392L436 408Q400 408 372 416Q330 404 286 414Z', ink.grass),
    path(
      'M180 560Q200 536 226 548Q250 530 276 550Q306 536 330 554Q360 540 390 552Q420 544 440 556V560Z',
      ink.foam,
    ),
  ].join('');
}

function tower() {
  const [x, top, foot] = [338, 136, 404];
  const half = (y) => 17 + (15 * (y - top)) / (foot - top);
  const band = (from, to, fill, share = 1) => {
    const side = (y) => x - half(y) + 2 * half(y) * (1 - share);
    return path(
      `M${side(from)} ${from}L${x + half(from)} ${from}L${x + half(to)} ${to}L${side(to)} ${to}Z`,
      fill,
    );
  };
  const step = (foot - top) / 6;
  const bands = [0, 1, 2, 3, 4, 5].map((i) => {
    const [from, to] = [top + i * step, top + (i + 1) * step];
    return band(from, to, i % 2 ? ink.wall : ink.red) + band(from, to, i % 2 ? ink.shade : '#962c34', 0.38);
  });
  const beam = (d) => `<path d="${d}" fill="${ink.sun}" opacity="0.62"/>`;
  return [
    beam(`M${x} 112L-10 20L-10 96Z`),
    beam(`M${x} 112L450 72L450 132Z`),
    bands.join(''),
    ...[0, 1, 2].map((i) => rect(x - 5, top + 24 + i * step * 2, 9, 17, ink.dark)),
    rect(x - 27, top - 8, 54, 9, ink.dark),
    rect(x - 15, 96, 30, 34, ink.sun),
    ...[-15, -5, 5, 12].map((dx) => rect(x + dx, 96, 3, 34, ink.dark)),
    path(`M${x - 21} 98L${x + 21} 98Q${x + 16} 74 ${x} 68Q${x - 16} 74 ${x - 21} 98Z`, ink.red),
    rect(x - 2, 54, 4, 16, ink.dark),
    path('M374 404L374 358L398 336L424 358L424 398Z', ink.wall),
    path('M398 336L424 358L424 398L404 400L404 350Z', ink.shade),
    path('M366 362L398 330L432 362L424 366L398 344L374 366Z', ink.red),
    rect(384, 368, 12, 16, ink.dark),
  ].join('');
}

const gull = (x, y, s) =>
  `<path d="M${x} ${y}q${8 * s} ${-9 * s} ${16 * s} 0q${8 * s} ${-9 * s} ${16 * s} 0" fill="none" stroke="${ink.dark}" stroke-width="${2.2 * s}"/>`;

export async function drawLighthouse() {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH * OVER}" height="${HEIGHT * OVER}" viewBox="0 0 ${WIDTH} ${HEIGHT}">
    ${sky()}${land()}${sea()}${boat()}${rock()}${tower()}${gull(60, 150, 1)}${gull(110, 176, 0.7)}${gull(214, 96, 0.8)}${gull(250, 200, 0.6)}
  </svg>`;
  const { data: raster } = await sharp(Buffer.from(svg))
    .resize(WIDTH, HEIGHT, { kernel: 'cubic' })
    .flatten()
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const data = raster.map((value, i) => {
    const [x, y] = [Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH)];
    return clamp(Math.round(value + 3 * (hash2(x, y) - 0.5) + 3 * noise(x * 0.35, y * 0.35)), 0, 255);
  });
  return { width: WIDTH, height: HEIGHT, data: new Uint8Array(data) };
}
