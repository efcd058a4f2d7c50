// Draws pears, an apple and a jug on a table with a pen: no grey, only lines. A hidden picture of solid forms says how dark
// each place is and how the surface bends; lines follow the bend, and cross in layers where it is darker.

import { dot, ellipsoid, join, lightReaching, march, meet, normal, openness, rod, unit } from './march.mjs';
import { places } from './paint.mjs';
import { hex } from './picture.mjs';
import { clamp, fractal, makeRandom, noise, smoothstep } from './random.mjs';
import { Sheet } from './sheet.mjs';

const WIDTH = 560;
const HEIGHT = 420;
const paper = hex('#f3eee2');
const ink = hex('#211d1f');

const EYE = [0, 2.1, 7.2];
const PITCH = -0.2;
const SPAN = 4.1;
const LIGHT = unit([-0.72, 0.62, 0.45]);

const pear = (x, y, z) =>
  join(
    join(
      ellipsoid(x, y - 0.52, z, 0.53, 0.52, 0.53),
      ellipsoid(x - 0.05, y - 1.08, z, 0.27, 0.34, 0.27),
      0.42,
    ),
    rod(x, y, z, 0.06, 1.3, 0, 0.2, 1.66, 0.03, 0.03, 0.045),
    0.04,
  );
const apple = (x, y, z) =>
  Math.min(
    meet(ellipsoid(x, y - 0.47, z, 0.54, 0.48, 0.54), -ellipsoid(x, y - 1, z, 0.16, 0.2, 0.16), 0.2),
    rod(x, y, z, 0, 0.8, 0, 0.08, 1.16, 0.04, 0.022, 0.034),
  );
function jug(x, y, z) {
  const r = Math.sqrt(x * x + z * z);
  const s = clamp(y / 2.3);
  const side =
    0.48 +
    0.36 * Math.sin(clamp(s / 0.78) * 2.6 + 0.15) -
    0.12 * smoothstep(0.55, 0.8, s) +
    0.16 * smoothstep(0.8, 1, s);
  const wall = Math.max((r - side) * 0.72, y - 2.3, -y);
  const hollow = Math.max((r - side + 0.07) * 0.72, 0.3 - y);
  const ring = Math.hypot(Math.hypot((x - 0.72) * 1.15, (y - 1.35) * 0.8) - 0.48, z) - 0.075;
  return Math.min(meet(wall, -hollow, 0.03), Math.max(ring, 0.62 - x));
}
const bowl = (x, y, z) => {
  const ball = Math.hypot(x, (y - 0.95) * 1.05, z);
  return Math.max(Math.abs(ball - 0.92) - 0.045, y - 0.72, 0.06 - y);
};

// Turned about its foot, so that the forms do not all stand alike.
const leaning = (form, px, pz, lean) => (x, y, z) => {
  const [dx, dz] = [x - px, z - pz];
  return form(dx * Math.cos(lean) - y * Math.sin(lean), y * Math.cos(lean) + dx * Math.sin(lean), dz);
};
const forms = [
  (_x, y) => y,
  leaning(pear, -1.75, 0.55, 0.1),
  leaning(pear, -0.75, 1.25, -0.16),
  leaning(apple, 0.2, 0.55, 0.06),
  (x, y, z) => jug(x - 1.3, y, z + 0.2),
  (x, y, z) =>
    Math.min(
      bowl(x + 0.75, y, z + 0.95),
      Math.hypot(x + 1.05, y - 1.02, z + 0.9) - 0.42,
      Math.hypot(x + 0.3, y - 0.98, z + 0.8) - 0.38,
    ),
  leaning(apple, 2.35, 1.35, -0.1),
];
const scene = (x, y, z) => {
  let nearest = Infinity;
  for (const form of forms) nearest = Math.min(nearest, form(x, y, z));
  return nearest;
};

/** The hidden picture, two pixels of the drawing to one of its own: tone, the line's angle, and which form it is. */
function look() {
  const [width, height] = [WIDTH / 2, HEIGHT / 2];
  const tones = new Float32Array(width * height);
  const angles = new Float32Array(width * height);
  const ids = new Int8Array(width * height).fill(-1);
  for (let i = 0; i < width * height; i++) {
    const x = (((i % width) + 0.5 - width / 2) / height) * SPAN;
    const y = ((height / 2 - Math.floor(i / width) - 0.5) / height) * SPAN;
    const ray = unit([
      x,
      y * Math.cos(PITCH) + 7.2 * Math.sin(PITCH),
      -7.2 * Math.cos(PITCH) + y * Math.sin(PITCH),
    ]);
    const t = march(scene, EYE, ray, 3, 16);
    const point = EYE.map((c, k) => c + ray[k] * t);
    if (t === Infinity || point[2] < -2.6) {
      const glow = Math.exp(-(((x + 1.4) / 1.7) ** 2) - ((y - 0.9) / 1.3) ** 2);
      tones[i] = 0.42 + 0.4 * glow - 0.1 * smoothstep(0.6, 2.6, x) + 0.14 * fractal(x * 0.8, y * 0.8, 3);
      angles[i] = -0.62 + 0.1 * noise(x * 1.4, y * 1.4);
      continue;
    }
    const distances = forms.map((form) => form(...point));
    ids[i] = distances.indexOf(Math.min(...distances));
    const n = normal(scene, point, 0.004);
    const lifted = point.map((c, k) => c + n[k] * 0.02);
    const direct = Math.max(0, dot(n, LIGHT)) * lightReaching(scene, lifted, LIGHT, 9, 5);
    const shine = Math.max(0, dot(n, unit(LIGHT.map((c, k) => c - ray[k])))) ** 36;
    const open = openness(scene, point, n, 0.5);
    tones[i] =
      ids[i] === 0
        ? 0.24 + 0.85 * direct * open
        : 0.1 + 0.16 * open * (0.6 - 0.4 * n[0]) + 0.82 * direct * open + 0.5 * shine;
    // Lines run round the forms, as seen from a little above; on the table they run along it.
    angles[i] = ids[i] === 0 ? 0.03 * Math.sin(x * 3) : Math.atan2(-n[0] * 0.62, Math.max(0.12, n[2]));
    if (ids[i] > 0 && n[1] > 0.93) angles[i] = 0.1;
  }
  const index = (x, y) =>
    clamp(Math.floor(y / 2), 0, height - 1) * width + clamp(Math.floor(x / 2), 0, width - 1);
  return {
    tone: (x, y) => tones[index(x, y)],
    angle: (x, y) => angles[index(x, y)],
    id: (x, y) => ids[index(x, y)],
  };
}

/** A line that follows the surface both ways until it comes to another form or to where it is too light for its layer. */
function follow(view, x, y, turn, length, limit) {
  const id = view.id(x, y);
  const walk = (sign) => {
    const points = [];
    let [px, py] = [x, y];
    for (let gone = 0; gone < length / 2; gone += 2) {
      const angle = view.angle(px, py) + turn;
      px += Math.cos(angle) * 2 * sign;
      py += Math.sin(angle) * 2 * sign;
      if (view.id(px, py) !== id || view.tone(px, py) > limit + 0.03) break;
      points.push([px, py]);
    }
    return points;
  };
  return [...walk(-1).reverse(), [x, y], ...walk(1)];
}

function pen(sheet, random, points, width, dark = 0.92) {
  const seed = random() * 300;
  const shaky = points.map(([x, y], i) => [
    x + 0.7 * noise(i * 0.13, seed),
    y + 0.7 * noise(i * 0.13, seed + 40),
  ]);
  // The pen is set down, presses, and is lifted.
  const press = (s) =>
    width * Math.min(1, 0.45 + s * 5) * Math.min(1, 0.25 + (1 - s) * 2.4) * (1 + 0.25 * noise(s * 6, seed));
  sheet.stroke(shaky, press, (_s, _across, x, y) => [
    ...ink,
    dark - 0.35 * smoothstep(0.2, 0.7, noise(x * 0.9, y * 0.9)),
  ]);
}

/** Layers of lines: how dark a place must be to get them, how far they lie apart, and how they are turned. */
const LAYERS = [
  { limit: 0.74, turn: 0, spacing: 4.6, length: 46, width: 0.85 },
  { limit: 0.5, turn: 0.85, spacing: 4.4, length: 36, width: 0.85 },
  { limit: 0.36, turn: -0.75, spacing: 4.2, length: 30, width: 0.9 },
  { limit: 0.23, turn: 0.3, spacing: 3.6, length: 26, width: 1.05 },
  { limit: 0.14, turn: 1.5, spacing: 3.3, length: 20, width: 1.15 },
];

/** Lines of one layer keep their distance: a place near a line that is there already is left out. */
function hatch(sheet, random, view, { limit, turn, spacing, length, width }) {
  const taken = new Uint8Array(WIDTH * HEIGHT);
  const near = Math.floor(spacing / 2);
  for (const [x, y] of places(random, WIDTH, HEIGHT, 3)) {
    const at = Math.floor(y) * WIDTH + Math.floor(x);
    if (x < 14 || y < 14 || x >= WIDTH - 14 || y >= HEIGHT - 14 || taken[at]) continue;
    const tone = view.tone(x, y) + 0.035 * random.normal();
    if (tone > limit) continue;
    const points = follow(view, x, y, turn, length * random.between(0.7, 1.3), limit);
    if (points.length < 4) continue;
    pen(sheet, random, points, width * (0.8 + 0.5 * clamp((limit - tone) * 2)));
    for (const [px, py] of points) {
      for (let j = -near; j <= near; j++) {
        for (let i = -near; i <= near; i++) {
          const [cx, cy] = [Math.floor(px) + i, Math.floor(py) + j];
          if (cx >= 0 && cy >= 0 && cx < WIDTH && cy < HEIGHT) taken[cy * WIDTH + cx] = 1;
        }
      }
    }
  }
}

/** Contours: short lines along the borders between forms, drawn over more than once. */
function outline(sheet, random, view) {
  for (const [x, y] of places(random, WIDTH, HEIGHT, 2)) {
    if (x < 14 || y < 14 || x > WIDTH - 14 || y > HEIGHT - 14) continue;
    const id = view.id(x, y);
    let [gx, gy] = [0, 0];
    for (let k = 0; k < 16; k++) {
      const [cx, cy] = [Math.cos((k / 8) * Math.PI), Math.sin((k / 8) * Math.PI)];
      if (view.id(x + cx * 3, y + cy * 3) === id) continue;
      gx += cx;
      gy += cy;
    }
    const strength = Math.hypot(gx, gy);
    if (strength < 2.5 || id <= 0) continue;
    const angle = Math.atan2(gy, gx) + Math.PI / 2;
    const [dx, dy] = [Math.cos(angle) * 5, Math.sin(angle) * 5];
    pen(
      sheet,
      random,
      [
        [x - dx, y - dy],
        [x, y],
        [x + dx, y + dy],
      ],
      view.tone(x, y) < 0.4 ? 1.5 : 1,
      0.85,
    );
  }
}

export function drawHatching() {
  const random = makeRandom(1642);
  const view = look();
  const sheet = new Sheet(WIDTH, HEIGHT, 2, paper);
  sheet.fill((x, y) => {
    const tooth = 0.014 * fractal(x * 0.03, y * 0.03, 3) + 0.01 * noise(x * 0.5, y * 0.5);
    return paper.map((c) => c + tooth);
  });
  for (const layer of LAYERS) hatch(sheet, random, view, layer);
  outline(sheet, random, view);
  return sheet.finish();
}
