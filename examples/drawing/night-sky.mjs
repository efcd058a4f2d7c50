// Paints a night over a lake: a large moon, stars with halos and two whirls of wind above hills and cypresses,
// in thousands of short curved strokes that follow a flow field, each layer finer than the one below.

import { blend, lay, palette, places } from './paint.mjs';
import { hex } from './picture.mjs';
import { clamp, fractal, makeRandom, noise, smoothstep } from './random.mjs';
import { Canvas } from './strokes.mjs';

const WIDTH = 768;
const HEIGHT = 608;
const SCALE = 2;

const MOON = { x: 196, y: 150, r: 40, halo: 150 };
const STARS = [
  { x: 372, y: 62, r: 10, halo: 48 },
  { x: 520, y: 44, r: 7, halo: 36 },
  { x: 54, y: 60, r: 8, halo: 40 },
  { x: 62, y: 278, r: 9, halo: 42 },
  { x: 566, y: 158, r: 9, halo: 44 },
  { x: 736, y: 92, r: 10, halo: 46 },
  { x: 300, y: 318, r: 7, halo: 34 },
  { x: 470, y: 352, r: 8, halo: 36 },
  { x: 742, y: 300, r: 7, halo: 34 },
  { x: 282, y: 34, r: 5, halo: 26 },
  { x: 664, y: 32, r: 6, halo: 28 },
];
const WHIRLS = [
  { x: 424, y: 204, r: 96, spin: 1 },
  { x: 300, y: 252, r: 52, spin: -1 },
  { x: 704, y: 206, r: 62, spin: -1 },
];
const LIGHTS = [MOON, ...STARS];

const shore = (x) => 474 + 5 * Math.sin(x * 0.013 + 1);
const hills = (x) =>
  408 - 26 * Math.sin(x * 0.0085 + 0.4) - 13 * Math.sin(x * 0.021 + 2.1) + 6 * noise(x * 0.03, 2);
const foothills = (x) => 446 + 14 * Math.sin(x * 0.011 + 3.6) + 7 * Math.sin(x * 0.031);
const meadow = (x) => 600 - 62 * smoothstep(330, 768, x) + 10 * Math.sin(x * 0.014);

const CYPRESSES = [
  { x: 636, foot: 620, top: 92, width: 47 },
  { x: 700, foot: 620, top: 268, width: 34 },
  { x: 586, foot: 620, top: 366, width: 24 },
];

const night = palette('#0b1838', '#12285c', '#1c3f86', '#2a5ea8', '#4683bd', '#7fb0cb', '#bcd3cc');
const aura = palette('#2c5f96', '#4f93ac', '#8cbcae', '#c9d596', '#efe09a');
const gold = palette('#b8761c', '#e09a24', '#f2bd3c', '#f8d96a', '#fdf0b0');
const far = palette('#182a5e', '#264a86', '#3a6f9c', '#6fa3ae', '#a9c6ae');
const near = palette('#0c1c33', '#173a4c', '#2a5f58', '#5a8a54', '#a3ab58');
const lake = palette('#0c1c44', '#16356f', '#24559a', '#4a86b8');
const field = palette('#17281f', '#2c4a2a', '#54703a', '#93924a', '#c7a850');
const cypress = palette('#0a1210', '#12221a', '#1d3a28', '#3a5a30', '#6b6a34');

/** The direction of the wind: a long wave over the sky, bent round the whirls and round every light. */
function wind(x, y) {
  const wave = 0.42 * Math.sin(x * 0.0095 + y * 0.006 + 0.6) + 0.25 * noise(x * 0.006, y * 0.008);
  let vx = Math.cos(wave);
  let vy = Math.sin(wave);
  for (const whirl of WHIRLS) {
    const dx = x - whirl.x;
    const dy = y - whirl.y;
    const d = Math.sqrt(dx * dx + dy * dy) + 1e-6;
    const pull = 3.4 * Math.exp(-((d / whirl.r) ** 2) * 0.9);
    vx += pull * ((-dy / d) * whirl.spin - (dx / d) * 0.22);
    vy += pull * ((dx / d) * whirl.spin - (dy / d) * 0.22);
  }
  for (const { x: lx, y: ly, halo } of LIGHTS) {
    const dx = x - lx;
    const dy = y - ly;
    const d = Math.sqrt(dx * dx + dy * dy) + 1e-6;
    const pull = 7 * Math.exp(-((d / halo) ** 2) * 1.2);
    vx += (pull * -dy) / d;
    vy += (pull * dx) / d;
  }
  return Math.atan2(vy, vx);
}

/** How far a point lies along its arm of a whirl, so that light and dark bands wind inwards. */
function bands(x, y) {
  let tone = 0;
  for (const whirl of WHIRLS) {
    const dx = x - whirl.x;
    const dy = y - whirl.y;
    const d = Math.hypot(dx, dy);
    const near = Math.exp(-((d / whirl.r) ** 2) * 0.75);
    const arm = Math.sin(Math.atan2(dy, dx) * 2 - whirl.spin * Math.log(d + 6) * 4.2 + whirl.x);
    tone += near * (0.1 + 0.4 * arm);
  }
  return tone;
}

function skyColor(x, y, random) {
  const drift = fractal(x * 0.0045 + 0.3 * Math.sin(y * 0.012), y * 0.016, 3);
  const river = Math.exp(-(((y - 236 - 52 * Math.sin(x * 0.0105 - 0.5)) / 34) ** 2));
  const tone = 0.2 + 0.22 * (y / 420) + 0.42 * drift + 0.24 * river + bands(x, y) + random.normal() * 0.085;
  let color = blend(night, tone);
  for (const { x: lx, y: ly, r, halo } of LIGHTS) {
    const d = Math.hypot(x - lx, y - ly);
    if (d > halo * 1.5) continue;
    const ring = 0.5 + 0.5 * Math.cos((d / halo) * Math.PI * 5.2);
    const shine = Math.exp(-((d / halo) ** 2) * 2.6);
    // Strokes of gold and of blue lie side by side: mixed, they would turn grey.
    const warm = shine * (0.62 + 0.6 * ring);
    if (random() < 1.5 * warm - 0.22) color = blend(gold, 0.12 + shine * 0.8 + random.normal() * 0.13);
    else if (random() < 2.4 * warm) color = blend(aura, 0.2 + shine * 0.9 + random.normal() * 0.2);
    if (d < r) color = blend(gold, 0.98 - 0.5 * (d / r) ** 3 + random.normal() * 0.09);
  }
  return color;
}

/** The moon and the stars, drawn out down the lake. */
function lakeColor(x, y, random) {
  const depth = (y - shore(x)) / (HEIGHT - shore(x));
  const tone = 0.55 - 0.4 * depth + 0.4 * noise(x * 0.012, y * 0.09) + random.normal() * 0.12;
  let color = blend(lake, tone);
  for (const { x: lx, halo } of LIGHTS) {
    const spread = halo * (0.16 + 0.22 * depth);
    const path = Math.exp(-(((x - lx - 6 * noise(y * 0.06, lx)) / spread) ** 2));
    const broken = smoothstep(-0.25, 0.4, noise(x * 0.02 + lx, y * 0.13));
    const strength = path * broken * (halo > 100 ? 1 : 0.55) * (1 - 0.35 * depth);
    if (random() < strength * 1.2 - 0.12) color = blend(gold, 0.2 + 0.65 * strength + random.normal() * 0.15);
    else if (random() < strength * 1.5) color = blend(aura, 0.3 + 0.5 * strength + random.normal() * 0.2);
  }
  return color;
}

function landColor(x, y, random) {
  if (y < foothills(x)) {
    const up = (y - hills(x)) / (foothills(x) - hills(x));
    return blend(far, 0.75 - 0.6 * up + 0.35 * noise(x * 0.03, y * 0.05) + random.normal() * 0.14);
  }
  const up = (y - foothills(x)) / (shore(x) - foothills(x));
  return blend(near, 0.7 - 0.5 * up + 0.4 * noise(x * 0.04, y * 0.07) + random.normal() * 0.15);
}

const slope = (line, x) => Math.atan2(line(x + 4) - line(x - 4), 8);

/** Calls paint for the places of a loosened grid over the whole canvas. */
function cover(random, spacing, paint) {
  for (const [x, y] of places(random, WIDTH, HEIGHT, spacing)) paint(x, y);
}

function paintSky(canvas, random, spacing, brush) {
  const sway = random.between(-0.05, 0.05);
  cover(random, spacing, (x, y) => {
    if (y > hills(x) + 6) return;
    const turn = random.normal() * 0.07 + sway;
    const close = LIGHTS.find((l) => Math.hypot(x - l.x, y - l.y) < l.halo * 0.95);
    const length = close ? Math.min(brush.length, 8 + close.halo * 0.3) : brush.length;
    lay(
      canvas,
      random,
      x,
      y,
      (px, py) => wind(px, py) + turn,
      skyColor(x, y, random),
      skyColor(x, y, random),
      { ...brush, length },
    );
  });
}

function paintLand(canvas, random, spacing, brush) {
  cover(random, spacing, (x, y) => {
    if (y < hills(x) - 1 || y > shore(x) + 2) return;
    const line = y < foothills(x) ? hills : foothills;
    const lean = random.normal() * 0.16 + 0.3 * noise(x * 0.02, y * 0.05);
    lay(
      canvas,
      random,
      x,
      y,
      (px) => slope(line, px) * 1.1 + lean,
      landColor(x, y, random),
      landColor(x, y, random),
      brush,
    );
  });
}

function paintLake(canvas, random, spacing, brush) {
  cover(random, spacing, (x, y) => {
    if (y < shore(x) || y > meadow(x) + 6) return;
    const bob = random.between(0, 6);
    const flow = (px, py) => 0.16 * Math.sin(px * 0.07 + py * 0.3 + bob);
    lay(canvas, random, x, y, flow, lakeColor(x, y, random), lakeColor(x, y, random), brush);
  });
}

/** The lit windows of a few houses on the far shore, each with its light on the water. */
function paintVillage(canvas, random) {
  let x = 300;
  for (let i = 0; i < 11; i++) {
    x += random.between(14, 30);
    const y = shore(x) - random.between(4, 12);
    const tall = random.between(13, 24);
    const wall = hex(random.pick(['#3a5284', '#5f779f', '#74809a']));
    lay(canvas, random, x, y - 2, () => 0, wall, hex('#8fa3b4'), {
      length: 20,
      width: tall,
      load: 0.8,
      dry: 0.1,
    });
    for (const side of [-1, 1]) {
      const roof = { length: 16, width: 6, load: 1.4, dry: 0.1 };
      lay(
        canvas,
        random,
        x + side * 5,
        y - tall * 0.62,
        () => side * 0.62,
        hex('#6b3030'),
        hex('#b0653c'),
        roof,
      );
    }
    if (random() < 0.7) {
      lay(canvas, random, x + 1, y - 1, () => 1.4, gold[3], gold[4], {
        length: 7,
        width: 5,
        load: 2.4,
        dry: 0,
      });
      for (let k = 0; k < 3; k++) {
        const ly = shore(x) + 9 + k * random.between(8, 12);
        lay(canvas, random, x + random.between(-3, 3), ly, () => 0.1, gold[1], gold[3], {
          length: 13 - k * 3,
          width: 3.4,
          load: 1.4,
          dry: 0.6,
        });
      }
    }
  }
}

function paintMeadow(canvas, random, spacing, brush) {
  cover(random, spacing, (x, y) => {
    if (y < meadow(x) - 4) return;
    const lean = -1.25 + 0.5 * noise(x * 0.012, y * 0.02) + random.normal() * 0.14;
    const tone = () => 0.5 + 0.5 * noise(x * 0.018, y * 0.03) + random.normal() * 0.16;
    lay(
      canvas,
      random,
      x,
      y,
      (px, py) => lean + 0.012 * (py - y) + 0.01 * (px - x),
      blend(field, tone()),
      blend(field, tone()),
      brush,
    );
  });
}

/** Cypresses: flames of upright strokes, darkest in the middle and caught by the moon on their left. */
function paintCypress(canvas, random, { x: cx, foot, top, width }) {
  const height = foot - top;
  const count = Math.round((height * width) / 13);
  for (let i = 0; i < count; i++) {
    const up = i / count + random.normal() * 0.02;
    const y = foot - up * height;
    const lobes = 0.78 + 0.22 * Math.sin(up * 21 + cx) + 0.12 * Math.sin(up * 47);
    const reach = width * lobes * clamp(1.15 * Math.max(0, 1 - up) ** 0.62 * smoothstep(-0.25, 0.18, up));
    const sway = 13 * Math.sin(up * 5 + cx * 0.1) * up;
    const side = random.between(-1, 1);
    const x = cx + sway + side * reach;
    const edge = Math.abs(side);
    const moonlit = side < 0 ? 0.3 * edge : 0.08 * edge;
    const tone = () => 0.16 + moonlit + 0.3 * noise(x * 0.07, y * 0.025) + random.normal() * 0.14;
    const curl = random.between(-0.2, 0.2);
    const flow = (_px, py) =>
      -Math.PI / 2 + side * 0.5 * (0.45 - up) + 0.4 * Math.sin(py * 0.045 + cx + side * 2) + curl;
    const brush = { length: 34 * (1 - 0.45 * up), width: 7.5, load: 2.2, dry: 0.6 };
    lay(canvas, random, x, y, flow, blend(cypress, tone()), blend(cypress, tone()), brush);
  }
}

/** The last, thickest touches: the cores of the moon and the stars. */
function paintLights(canvas, random) {
  for (const { x, y, r } of LIGHTS) {
    const touches = Math.round(10 + r * r * 0.14);
    for (let i = 0; i < touches; i++) {
      const d = r * Math.sqrt(random()) * 0.92;
      const angle = random() * Math.PI * 2;
      const [px, py] = [x + Math.cos(angle) * d, y + Math.sin(angle) * d];
      const flow = (fx, fy) => Math.atan2(fy - y, fx - x) + Math.PI / 2;
      const tone = () => 0.98 - 0.45 * (d / r) ** 3 + random.normal() * 0.08;
      const size = clamp(r / 12, 0.6, 1.6);
      lay(canvas, random, px, py, flow, blend(gold, tone()), blend(gold, tone()), {
        length: 12 * size,
        width: 6 * size,
        load: 3.4,
        dry: 0.2,
      });
    }
  }
}

export function drawNightSky() {
  const random = makeRandom(1889);
  const canvas = new Canvas(WIDTH, HEIGHT, SCALE, hex('#23335e'));
  paintSky(canvas, random, 13, { length: 46, width: 17, load: 1, dry: 0.2 });
  paintSky(canvas, random, 8, { length: 38, width: 9, load: 1.9, dry: 0.5 });
  paintLand(canvas, random, 9, { length: 34, width: 12, load: 1, dry: 0.2 });
  paintLand(canvas, random, 6, { length: 26, width: 7, load: 1.8, dry: 0.5 });
  paintLake(canvas, random, 9, { length: 40, width: 11, load: 1, dry: 0.2 });
  paintLake(canvas, random, 6.5, { length: 32, width: 6, load: 1.8, dry: 0.5 });
  paintVillage(canvas, random);
  paintSky(canvas, random, 11, { length: 32, width: 6, load: 2.6, dry: 0.7 });
  paintMeadow(canvas, random, 8, { length: 30, width: 9, load: 1.4, dry: 0.3 });
  paintMeadow(canvas, random, 7, { length: 24, width: 5, load: 2.2, dry: 0.6 });
  paintLights(canvas, random);
  for (const tree of CYPRESSES) paintCypress(canvas, random, tree);
  return canvas.finish();
}
