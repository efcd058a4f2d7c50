// Draws a portrait: a woman's head in three-quarter view before a dark ground, lit from a window on the left. Head, hair
// and shoulders are solid forms, modelled from ellipsoids that melt into each other, and marched by rays.
import { dot, ellipsoid, join, lightReaching, march, meet, normal, openness, rod, unit } from './march.mjs';
import { encode, light } from './picture.mjs';
import { clamp, fractal, hash2, mix, noise, smoothstep } from './random.mjs';

const WIDTH = 416;
const HEIGHT = 520;
const EYE = [0, 0.05, 7.4]; // the viewer's
const SPAN = 3.5; // height of what is seen at the head's distance
const MIDDLE = -0.42;
const TURN = 0.46; // of the head; the shoulders turn half as much
const TILT = 0.06;

const KEY = unit([-0.62, 0.5, 0.62]);
const RIM = unit([0.85, 0.35, -0.5]);
const HALF = unit([KEY[0], KEY[1], KEY[2] + 1]);
const KEY_LIGHT = [2.35, 2.05, 1.68];
const FILL_LIGHT = [0.34, 0.4, 0.52];
const RIM_LIGHT = [0.9, 0.62, 0.4];

const skin = light('#dfa688');
const flush = light('#cf6f5c');
const lip = light('#b04a4a');
const browHair = light('#3d2115');
const hairDark = light('#2c130c');
const hairBright = light('#a65a2c');
const white = light('#e6ddd4');
const iris = light('#4f7f6a');
const dress = light('#1f4f5a');
const collar = light('#d8c9a8');
const wallDark = light('#2a2420');
const wallBright = light('#8a6a48');

const [turnCos, turnSin] = [Math.cos(TURN), Math.sin(TURN)];
const [halfCos, halfSin] = [Math.cos(TURN * 0.5), Math.sin(TURN * 0.5)];
const [tiltCos, tiltSin] = [Math.cos(TILT), Math.sin(TILT)];

/** A place in the head's own frame: x to its left cheek, y up, z out of the face; the origin is in its middle. */
function inHead(x, y, z) {
  const [sx, sy] = [x * tiltCos + y * tiltSin, y * tiltCos - x * tiltSin];
  return [sx * turnCos + z * turnSin, sy, z * turnCos - sx * turnSin];
}
const inBody = (x, y, z) => [x * halfCos + z * halfSin, y, z * halfCos - x * halfSin];

const EYE_X = 0.27;
const EYE_Y = 0.07;
const EYE_Z = 0.6;
/** How far outside the opening between the lids a place is. */
function outsideLids(ax, y) {
  const u = (ax - EYE_X) / 0.155;
  const arch = Math.max(0, 1 - u * u);
  const slant = 0.012 * u;
  return Math.max(y - EYE_Y - slant - 0.068 * arch ** 0.8, EYE_Y + slant - 0.04 * arch - y);
}

function face(x, y, z) {
  const ax = Math.abs(x);
  // From afar, a ball round all of it will do.
  const far = Math.sqrt(x * x + y * y + z * z) - 1.2;
  if (far > 0.3) return far;
  let d = ellipsoid(x, y - 0.3, z + 0.12, 0.73, 0.86, 0.93);
  d = join(d, ellipsoid(x, y + 0.28, z - 0.1, 0.55, 0.8, 0.66), 0.28);
  d = join(d, ellipsoid(x, y + 0.83, z - 0.33, 0.24, 0.2, 0.3), 0.26);
  d = join(d, ellipsoid(ax - 0.34, y + 0.16, z - 0.46, 0.2, 0.17, 0.2), 0.24);
  d = join(d, ellipsoid(ax - 0.2, y - 0.24, z - 0.69, 0.2, 0.05, 0.08), 0.16);
  d = meet(d, -ellipsoid(ax - EYE_X, y - EYE_Y - 0.01, z - 0.86, 0.17, 0.1, 0.15), 0.12);
  const lids = meet(eyeball(x, y, z) - 0.018, -outsideLids(ax, y), 0.02);
  d = join(d, lids, 0.045);
  d = join(d, rod(x, y, z, 0, 0.2, 0.72, 0, -0.2, 0.93, 0.045, 0.075), 0.12);
  d = join(d, ellipsoid(x, y + 0.225, z - 0.93, 0.085, 0.075, 0.095), 0.06);
  d = join(d, ellipsoid(ax - 0.095, y + 0.25, z - 0.83, 0.055, 0.055, 0.09), 0.06);
  d = meet(d, -ellipsoid(ax - 0.048, y + 0.3, z - 0.9, 0.026, 0.022, 0.045), 0.02);
  d = join(d, ellipsoid(ax - 0.055, y + 0.488, z - 0.71, 0.13, 0.048, 0.1), 0.05);
  d = join(d, ellipsoid(x, y + 0.592, z - 0.695, 0.15, 0.062, 0.11), 0.05);
  return meet(d, -ellipsoid(x, y + 0.538 + 0.05 * x * x, z - 0.85, 0.2, 0.011, 0.12), 0.03);
}

function eyeball(x, y, z) {
  const dx = Math.abs(x) - EYE_X;
  const dy = y - EYE_Y;
  const dz = z - EYE_Z;
  return Math.sqrt(dx * dx + dy * dy + dz * dz) - 0.15;
}

/** Hair is combed from a parting; a lock's place across the others, waved towards the ends. */
function lock(x, y, z) {
  const wave = 0.16 * Math.sin(y * 5.2 + 1) * smoothstep(0.4, -0.8, y);
  return Math.atan2(x - 0.16, z + 0.35) + wave;
}

function hair(x, y, z) {
  const ax = Math.abs(x);
  let d = ellipsoid(x, y - 0.36, z + 0.2, 0.86, 0.93, 0.98);
  d = join(d, ellipsoid(ax - 0.64, y + 0.4, z + 0.14, 0.25, 0.92, 0.46), 0.3);
  d = join(d, ellipsoid(x, y + 0.45, z + 0.6, 0.72, 1.05, 0.45), 0.3);
  const opening = ellipsoid(x + 0.02, y + 0.27, z - 0.9, 0.58, 0.95, 0.78);
  d = meet(d, -opening, 0.1);
  d = meet(d, -y - 1.36 + 0.1 * Math.sin(x * 9), 0.2);
  if (d > 0.15) return d;
  const across = lock(x, y, z);
  // Where the hair begins, round the face, locks lie flat.
  const loose = smoothstep(0, 0.25, opening);
  const locks = 0.034 * noise(across * 7, y * 1.1) + 0.016 * noise(across * 23, y * 1.3);
  return d - locks * (0.2 + 0.8 * loose) - 0.006 * noise(across * 60, y * 1.5);
}

function body(x, y, z) {
  const neck = rod(x, y, z, 0, -0.75, -0.16, 0, -1.7, -0.24, 0.3, 0.36);
  const shoulders = ellipsoid(x, y + 2.32, z + 0.28, 1.28, 0.6, 0.5);
  let d = join(neck, shoulders, 0.42);
  d = join(d, rod(Math.abs(x), y, z, 0.06, -1.72, 0.14, 0.85, -1.78, 0, 0.035, 0.04), 0.12);
  return join(d, ellipsoid(x, y + 2.7, z + 0.1, 0.8, 0.7, 0.6), 0.3);
}

/** Cloth begins on a round line about the neck. */
const beyondNeckline = (x, y, z) => Math.hypot(x * 0.82, y + 1.5, z * 0.8) - 0.62;

/** @param bare how far the body itself is */
function cloth(x, y, z, bare = body(x, y, z)) {
  if (bare > 0.2) return bare - 0.1;
  const beyond = beyondNeckline(x, y, z);
  const folds = 0.02 * Math.sin(x * 11 + 3 * noise(x * 2, y * 2) + y * 7) + 0.012 * noise(x * 9, y * 9);
  return Math.max(bare - 0.045 + folds * smoothstep(0, 0.3, beyond), -beyond);
}

function scene(x, y, z) {
  const sx = x * tiltCos + y * tiltSin;
  const hy = y * tiltCos - x * tiltSin;
  const hx = sx * turnCos + z * turnSin;
  const hz = z * turnCos - sx * turnSin;
  const bx = x * halfCos + z * halfSin;
  const bz = z * halfCos - x * halfSin;
  const bare = body(bx, y, bz);
  const skinned = join(face(hx, hy, hz), bare, 0.12);
  return Math.min(skinned, eyeball(hx, hy, hz), hair(hx, hy, hz), cloth(bx, y, bz, bare));
}

/** The colour of the skin: lips, flushed cheeks and nose, brows, lashes and a few freckles. */
function skinColor(x, y, z) {
  const ax = Math.abs(x);
  const color = [...skin];
  const tint = (other, amount) => {
    for (let k = 0; k < 3; k++) color[k] += (other[k] - color[k]) * clamp(amount);
  };
  const mottled = 1 + 0.1 * fractal(x * 5, y * 5, 4) + 0.04 * noise(x * 40, y * 40);
  for (let k = 0; k < 3; k++) color[k] *= mottled;
  if (z < 0.1) return { color, gloss: 0.5 };
  tint(flush, 0.42 * Math.exp(-(((ax - 0.36) / 0.2) ** 2) - ((y + 0.2) / 0.17) ** 2));
  tint(flush, 0.4 * Math.exp(-((x / 0.1) ** 2) - ((y + 0.25) / 0.09) ** 2));
  tint(flush, 0.22 * Math.exp(-((x / 0.2) ** 2) - ((y + 0.88) / 0.12) ** 2));
  tint(flush, 0.25 * Math.exp(-(((ax - EYE_X) / 0.2) ** 2) - ((y - EYE_Y - 0.1) / 0.06) ** 2));
  tint(
    light('#8a4a34'),
    0.45 *
      smoothstep(0.5, 0.75, noise(x * 34, y * 34 + 5)) *
      Math.exp(-((ax / 0.45) ** 2) - ((y + 0.14) / 0.13) ** 2),
  );
  const upper = y + 0.538 > 0 ? 0.075 - 0.016 * Math.cos(ax * 26) : 0.112;
  const mouth = 1 - (x / 0.225) ** 2 - ((y + 0.538) / upper) ** 2;
  tint(lip, 0.86 * smoothstep(0, 0.28, mouth));
  const brow = 0.285 + 0.06 * Math.sin(clamp((ax - 0.1) / 0.34) * 2.4) - 0.02;
  const thick = 0.042 * smoothstep(0.07, 0.14, ax) * smoothstep(0.5, 0.2, ax) + 0.004;
  const hairs = 0.75 + 0.5 * noise((ax + y * 1.3) * 70, y * 30);
  tint(
    browHair,
    1.2 *
      hairs *
      smoothstep(thick * 1.3, thick * 0.4, Math.abs(y - brow)) *
      smoothstep(0.06, 0.11, ax) *
      smoothstep(0.52, 0.44, ax),
  );
  const lash = outsideLids(ax, y);
  if (lash > -0.03 && ax > EYE_X - 0.16 && ax < EYE_X + 0.18) {
    tint(hairDark, (y > EYE_Y ? 0.95 : 0.5) * smoothstep(0.022, 0.004, lash));
  }
  return { color, gloss: mouth > 0 ? 1.6 : 0.7 };
}

function eyeColor(x, y, z) {
  const side = Math.sign(x) || 1;
  const gaze = unit(inHead(EYE[0] - 0.1, EYE[1], EYE[2]));
  const n = unit([x - side * EYE_X, y - EYE_Y, z - EYE_Z]);
  const away = Math.acos(clamp(dot(n, gaze), -1, 1));
  const spoke = noise(Math.atan2(n[1] - gaze[1], n[0] - gaze[0]) * 7, away * 6);
  if (away < 0.19) return [0.004, 0.004, 0.005];
  if (away < 0.47)
    return iris.map(
      (c, k) =>
        c *
        (0.75 + 0.6 * spoke + [0.8, 0.5, 0.1][k] * smoothstep(0.34, 0.2, away)) *
        smoothstep(0.5, 0.4, away),
    );
  return white.map((c, k) => c * (0.62 + 0.05 * noise(x * 30, y * 30)) * (k === 0 ? 1.05 : 1));
}

function shade(point, ray) {
  const head = inHead(...point);
  const trunk = inBody(...point);
  const distances = {
    hair: hair(...head),
    eye: eyeball(...head),
    cloth: cloth(...trunk),
    skin: Math.min(face(...head), body(...trunk)),
  };
  const kind = Object.keys(distances).reduce((a, b) => (distances[b] < distances[a] ? b : a));
  const n = normal(scene, point, kind === 'hair' ? 0.004 : 0.003);
  const open = openness(scene, point, n, 0.32);
  const lifted = point.map((c, k) => c + n[k] * 0.015);
  const reached = lightReaching(scene, lifted, KEY, 7);
  const facing = dot(n, KEY);
  const rim = Math.max(0, dot(n, RIM)) * (1 - Math.max(0, -dot(n, ray))) ** 2;
  const upward = 0.6 + 0.4 * n[1];
  const out = [0, 0, 0];
  const add = (color, wrap, shine = 0) => {
    for (let k = 0; k < 3; k++) {
      // Light that enters skin comes out again a little farther on, and redder.
      const direct =
        clamp((facing + wrap[k]) / (1 + wrap[k])) * mix(reached, Math.sqrt(reached), wrap[k] * 1.5);
      const around = FILL_LIGHT[k] * open * upward + 0.1 * open * (0.5 - 0.5 * n[1]) * color[k];
      out[k] +=
        color[k] * (KEY_LIGHT[k] * direct + around + RIM_LIGHT[k] * rim * 1.6) +
        shine * KEY_LIGHT[k] * reached;
    }
  };
  const half = Math.max(0, dot(n, HALF));
  if (kind === 'skin') {
    const { color, gloss } =
      distances.skin === face(...head) ? skinColor(...head) : skinColor(trunk[0], trunk[1], 0);
    add(color, [0.32, 0.16, 0.1], gloss * (0.05 * half ** 14 + 0.09 * half ** 50));
  } else if (kind === 'eye') {
    add(eyeColor(...head), [0.1, 0.1, 0.1], 0);
    const glint = Math.max(0, dot(n, unit([-0.3, 0.36, 0.88])));
    for (let k = 0; k < 3; k++) out[k] = out[k] * (0.35 + 0.65 * open) + 1.1 * smoothstep(0.972, 0.99, glint);
  } else if (kind === 'hair') {
    const [x, y, z] = head;
    const across = lock(x, y, z);
    const strand =
      0.45 +
      0.5 * noise(across * 9, y * 0.9 + 3) +
      0.5 * noise(across * 34, y * 1.4) +
      0.4 * noise(across * 90, y * 2);
    const color = hairDark.map((c, k) => mix(c, hairBright[k], clamp(0.42 * strand)));
    // A lock shines where it is across the light: on its bends.
    const down = unit([0.25 * Math.sin(y * 5.2), -1, 0.2 * n[2]]);
    const along = dot(down, n);
    const tangent = unit(down.map((c, k) => c - n[k] * along));
    const th = dot(tangent, HALF);
    const sheen = Math.sqrt(Math.max(0, 1 - th * th)) ** 22 * clamp(facing + 0.3) * (0.35 + 0.65 * strand);
    add(color, [0.2, 0.2, 0.2]);
    for (let k = 0; k < 3; k++)
      out[k] = out[k] * (0.35 + 0.65 * open) + 0.42 * sheen * reached * hairBright[k] * KEY_LIGHT[k];
  } else {
    const [x, y] = trunk;
    const edge = beyondNeckline(...trunk);
    const weave =
      1 + 0.1 * noise(x * 60, y * 14) + 0.1 * noise(x * 14, y * 60) + 0.12 * fractal(x * 3, y * 3, 3);
    add(
      (edge < 0.075 ? collar : dress).map((c) => c * weave),
      [0.1, 0.1, 0.1],
      0.02 * half ** 10,
    );
  }
  return out;
}

function wall(x, y) {
  const glow = Math.exp(-(((x - 300) / 190) ** 2) - ((y - 190) / 230) ** 2);
  const brushed =
    0.3 * fractal(x * 0.012 + y * 0.006, y * 0.02 - x * 0.008, 4) + 0.07 * noise(x * 0.2, y * 0.09);
  return wallDark.map((c, k) => mix(c, wallBright[k], clamp(0.75 * glow + brushed * (0.4 + glow))));
}

function sample(x, y) {
  const sx = ((x - WIDTH / 2) / HEIGHT) * SPAN;
  const sy = ((HEIGHT / 2 - y) / HEIGHT) * SPAN + MIDDLE;
  const ray = unit([sx - EYE[0], sy - EYE[1], -EYE[2]]);
  const t = march(scene, EYE, ray, 5.4, 10);
  return t === Infinity
    ? wall(x, y)
    : shade(
        EYE.map((c, k) => c + ray[k] * t),
        ray,
      );
}

const tone = (c) => encode(clamp((c * (1 + c * 0.06)) / (1 + c * 0.42)));

export function drawPortrait() {
  const image = new Float32Array(WIDTH * HEIGHT * 3);
  for (let i = 0; i < WIDTH * HEIGHT; i++)
    image.set(sample((i % WIDTH) + 0.5, Math.floor(i / WIDTH) + 0.5).map(tone), i * 3);
  const smooth = image.slice();
  for (let y = 1; y < HEIGHT - 1; y++) {
    for (let x = 1; x < WIDTH - 1; x++) {
      const i = (y * WIDTH + x) * 3;
      const differs = [3, -3, WIDTH * 3, -WIDTH * 3].some((step) =>
        [0, 1, 2].some((k) => Math.abs(image[i + k] - image[i + step + k]) > 0.07),
      );
      if (!differs) continue;
      // Only edges need more than one ray.
      const around = [
        [0.25, 0.25],
        [0.75, 0.25],
        [0.25, 0.75],
        [0.75, 0.75],
      ].map(([dx, dy]) => sample(x + dx, y + dy).map(tone));
      for (let k = 0; k < 3; k++) smooth[i + k] = around.reduce((sum, color) => sum + color[k], 0) / 4;
    }
  }
  const data = new Uint8Array(smooth.length);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 3);
    const grain = 0.012 * (hash2(pixel % WIDTH, Math.floor(pixel / WIDTH)) - 0.5);
    data[i] = clamp(Math.round((smooth[i] + grain) * 255), 0, 255);
  }
  return { width: WIDTH, height: HEIGHT, data };
}
