// Draws a flat geometric poster: one large figure of discs, rings and bars over a grid of small repeated
// modules, in five inks. The shapes are SVG rasterised by sharp; a pixel pass adds the ink's and paper's grain.
import sharp from 'sharp';
import { clamp, fractal, hash2, makeRandom, noise, smoothstep } from './random.mjs';

const SIZE = 640;
const OVER = 2; // the shapes are rasterised this many times larger
const MARGIN = 20;
const CELL = 75; // eight cells fill the sheet between its margins

const red = '#c8321f';
const ochre = '#dd9a24';
const cream = '#f0e4c8';
const black = '#1d1b1c';
const teal = '#1f6f72';

const rect = (x, y, w, h, fill) => `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${fill}"/>`;
const disc = (x, y, r, fill) => `<circle cx="${x}" cy="${y}" r="${r}" fill="${fill}"/>`;
const ring = (x, y, r, width, ink) =>
  `<circle cx="${x}" cy="${y}" r="${r}" fill="none" stroke="${ink}" stroke-width="${width}"/>`;
const shape = (points, fill) => `<polygon points="${points.flat().join(' ')}" fill="${fill}"/>`;

let clips = 0;

/** Puts a drawing of size s, turned by quarters, into the square at (x, y), and cuts it off at the edge. */
function block(x, y, s, quarter, inner) {
  const id = `clip${clips++}`;
  return `<clipPath id="${id}"><rect width="${s}" height="${s}"/></clipPath>
    <g transform="translate(${x} ${y}) rotate(${quarter * 90} ${s / 2} ${s / 2})" clip-path="url(#${id})">${inner}</g>`;
}

// The small modules: each fills a square of size s with a ground a and a figure b.
const modules = {
  quarter: (s, a, b) => rect(0, 0, s, s, a) + disc(0, 0, s, b),
  arcs: (s, a, b) =>
    rect(0, 0, s, s, a) + [0.92, 0.68, 0.44, 0.2].map((r) => ring(0, 0, s * r, s * 0.12, b)).join(''),
  leaf: (s, a, b) =>
    `${rect(0, 0, s, s, a)}<path d="M0 0A${s} ${s} 0 0 1 ${s} ${s}A${s} ${s} 0 0 1 0 0Z" fill="${b}"/>`,
  stripes: (s, a, b) =>
    rect(0, 0, s, s, a) + [0, 1, 2, 3, 4].map((i) => rect(0, (i * s) / 5, s, s / 10, b)).join(''),
  slant: (s, a, b) => {
    const bars = [-4, -3, -2, -1, 0, 1, 2, 3].map((i) => {
      const x = (i * s) / 4;
      return shape(
        [
          [x, 0],
          [x + s / 8, 0],
          [x + s / 8 + s, s],
          [x + s, s],
        ],
        b,
      );
    });
    return rect(0, 0, s, s, a) + bars.join('');
  },
  triangle: (s, a, b) =>
    rect(0, 0, s, s, a) +
    shape(
      [
        [0, 0],
        [s, s],
        [0, s],
      ],
      b,
    ),
  dots: (s, a, b) =>
    rect(0, 0, s, s, a) +
    [1, 3, 5, 7]
      .map((j) => [1, 3, 5, 7].map((i) => disc((i * s) / 8, (j * s) / 8, s * 0.075, b)).join(''))
      .join(''),
  half: (s, a, b) => rect(0, 0, s, s, a) + disc(s / 2, 0, s / 2, b) + disc(s / 2, s, s * 0.25, b),
};

const tooth = (x, y, s, fill) =>
  shape(
    [
      [x, y + s],
      [x + s / 2, y],
      [x + s, y + s],
    ],
    fill,
  );

// The modules of the border, one row of letters for each row of cells; a dot leaves the cell to the figure.
const PLAN = ['qasdqlth', 'l......a', 'd......q', 's......z', 'q......d', 'z......l', 'a......s', 'htlqzdaq'];
const LETTERS = {
  q: 'quarter',
  a: 'arcs',
  l: 'leaf',
  s: 'stripes',
  z: 'slant',
  t: 'triangle',
  d: 'dots',
  h: 'half',
};
const PAIRS = [
  [cream, red],
  [black, cream],
  [teal, cream],
  [ochre, black],
  [red, cream],
  [cream, teal],
  [cream, black],
  [teal, ochre],
];

function border(random) {
  const parts = [];
  let last = -1;
  for (const [row, letters] of PLAN.entries()) {
    for (const [column, letter] of [...letters].entries()) {
      if (letter === '.') continue;
      let pair = Math.floor(random() * PAIRS.length);
      if (pair === last) pair = (pair + 3) % PAIRS.length;
      last = pair;
      const inner = modules[LETTERS[letter]](CELL, ...PAIRS[pair]);
      parts.push(block(MARGIN + column * CELL, MARGIN + row * CELL, CELL, Math.floor(random() * 4), inner));
    }
  }
  return parts.join('');
}

/** The middle of the sheet, six cells wide: a red sun, rings and a wedge, crossed by a bundle of bars. */
function figure() {
  const s = CELL * 6;
  const tiles = (x, y, columns, rows, size, draw) => {
    const parts = [];
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++)
        parts.push(block(x + i * size, y + j * size, size, (i + j) % 2 ? 2 : 0, draw(i, j)));
    }
    return parts.join('');
  };
  const half = CELL / 2;
  const rings = [222, 194, 166, 138, 110].map((r, i) => ring(0, s, r, 14, i % 2 ? teal : black)).join('');
  const bars = [
    rect(-60, -26, 640, 30, black),
    rect(-60, 10, 640, 9, red),
    rect(-60, 25, 640, 9, black),
    rect(-60, 40, 640, 9, ochre),
  ].join('');
  return [
    rect(0, 0, s, s, cream),
    rect(CELL * 3, 0, CELL * 3, CELL * 4, ochre),
    rect(0, CELL * 3, CELL * 3, CELL * 3, '#e6d3a6'),
    [0, 1, 2, 3, 4, 5].map((i) => tooth(CELL * 3 + i * half, 0, half, cream)).join(''),
    rings,
    disc(0, s, 92, red),
    tiles(0, 0, 6, 4, half, (i, j) =>
      modules.triangle(half, (i + j) % 3 ? cream : ochre, (i * 2 + j) % 3 ? black : teal),
    ),
    tiles(CELL * 3, CELL * 4, 6, 4, half, (_i, j) =>
      modules.quarter(half, j % 2 ? teal : cream, j % 2 ? cream : teal),
    ),
    disc(CELL * 3.55, CELL * 2.45, 158, red),
    `<path d="M${CELL * 3.55} ${CELL * 2.45 - 158}A158 158 0 0 1 ${CELL * 3.55} ${CELL * 2.45 + 158}Z" fill="${black}"/>`,
    disc(CELL * 3.55, CELL * 2.45, 84, cream),
    `<path d="M${CELL * 3.55} ${CELL * 2.45 - 84}A84 84 0 0 0 ${CELL * 3.55} ${CELL * 2.45 + 84}Z" fill="${teal}"/>`,
    disc(CELL * 3.55, CELL * 2.45, 30, ochre),
    `<g transform="translate(0 ${CELL * 5.1}) rotate(-38)">${bars}</g>`,
    disc(CELL * 1.02, CELL * 4.02, 24, cream),
    ring(CELL * 1.02, CELL * 4.02, 24, 7, black),
  ].join('');
}

function compose() {
  const random = makeRandom(1923);
  const inside = MARGIN + CELL;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE * OVER}" height="${SIZE * OVER}" viewBox="0 0 ${SIZE} ${SIZE}">
    ${rect(0, 0, SIZE, SIZE, cream)}
    ${border(random)}
    ${block(inside, inside, CELL * 6, 0, figure())}
    <rect x="${inside}" y="${inside}" width="${CELL * 6}" height="${CELL * 6}" fill="none" stroke="${black}" stroke-width="5"/>
    <rect x="${MARGIN}" y="${MARGIN}" width="${CELL * 8}" height="${CELL * 8}" fill="none" stroke="${black}" stroke-width="5"/>
  </svg>`;
}

/** Averages the large raster down, and prints it: ink lies unevenly, thins in specks, and paper has a tooth. */
function print(raster) {
  const data = new Uint8Array(SIZE * SIZE * 3);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const uneven = 1 + 0.05 * fractal(x * 0.02, y * 0.02, 4);
      const grain =
        0.028 * noise(x * 0.55, y * 0.5) + 0.03 * (hash2(x, y) - 0.5) + 0.014 * noise(x * 0.07, y * 0.9);
      const speck =
        0.5 * smoothstep(0.62, 0.82, noise(x * 0.4 + 40, y * 0.4) + 0.25 * noise(x * 0.02, y * 0.02 + 9));
      for (let k = 0; k < 3; k++) {
        let sum = 0;
        for (let s = 0; s < OVER * OVER; s++) {
          const at = (y * OVER + Math.floor(s / OVER)) * SIZE * OVER + x * OVER + (s % OVER);
          sum += raster[at * 3 + k];
        }
        const paper = [0.945, 0.9, 0.79][k];
        const flat = sum / (OVER * OVER * 255);
        const ink = 1 - (1 - flat) * uneven;
        const worn = ink + (paper - ink) * speck + grain + 0.015;
        data[(y * SIZE + x) * 3 + k] = clamp(Math.round(worn * 255), 0, 255);
      }
    }
  }
  return data;
}

export async function drawPoster() {
  const raster = await sharp(Buffer.from(compose())).flatten().removeAlpha().raw().toBuffer();
  return { width: SIZE, height: SIZE, data: print(raster) };
}
