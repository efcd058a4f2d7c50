// Cuts a woodcut of mountains, pines and a lake under a red sun, in black and one colour: thousands of tapered gouges
// follow the forms, wider where there is light, over a block that is printed black.
import { places } from './paint.mjs';
import { hex } from './picture.mjs';
import { clamp, fractal, makeRandom, noise, smoothstep } from './random.mjs';
import { Sheet, trace } from './sheet.mjs';

const WIDTH = 560;
const HEIGHT = 432;
const FRAME = 14;
const SHORE = 292;
const SUN = { x: 372, y: 132, r: 58 };

const paper = hex('#f1e9d8');
const black = hex('#191719');
const red = hex('#c5371f');

const peaks = [
  [-20, 250],
  [40, 178],
  [78, 204],
  [150, 84],
  [196, 150],
  [232, 128],
  [300, 214],
  [352, 238],
  [420, 196],
  [462, 222],
  [520, 158],
  [600, 230],
];
/** The mountains' outline, and which side of a ridge a place lies on: to the left it is lit. */
function ridge(x) {
  for (let i = 1; i < peaks.length; i++) {
    const [[ax, ay], [bx, by]] = [peaks[i - 1], peaks[i]];
    if (x <= bx)
      return {
        y: ay + ((by - ay) * (x - ax)) / (bx - ax) + 5 * noise(x * 0.09, 3),
        rising: by < ay,
        slope: (by - ay) / (bx - ax),
      };
  }
  return { y: 230, rising: false, slope: 0 };
}
const hill = (x) => 262 + 14 * Math.sin(x * 0.016 + 1) + 6 * Math.sin(x * 0.043);
const bank = (x) => 372 - 44 * smoothstep(250, 20, x) - 34 * smoothstep(380, 540, x) + 6 * Math.sin(x * 0.05);

const PINES = [
  { x: 62, foot: 352, top: 96, width: 46 },
  { x: 118, foot: 368, top: 186, width: 36 },
  { x: 22, foot: 348, top: 168, width: 34 },
  { x: 508, foot: 356, top: 148, width: 40 },
  { x: 462, foot: 366, top: 232, width: 28 },
  { x: 548, foot: 350, top: 206, width: 32 },
];

const toSun = (x, y) => Math.hypot(x - SUN.x, y - SUN.y);

/** How much is cut away at a place, from 0 to 1, and along which angle. */
function plan(x, y) {
  const { y: top, rising, slope } = ridge(x);
  if (y > bank(x)) {
    const angle = -Math.PI / 2 + 0.7 * noise(x * 0.02, y * 0.03);
    return {
      light: 0.16 + 0.22 * noise(x * 0.03, y * 0.04) + 0.1 * smoothstep(bank(x) + 30, bank(x), y),
      angle,
      length: 15,
    };
  }
  if (y > SHORE) {
    const path = Math.exp(-(((x - SUN.x - 5 * noise(y * 0.2, 1)) / (22 + (y - SHORE) * 0.5)) ** 2));
    const near = smoothstep(SHORE, SHORE + 14, y);
    return {
      light: 0.3 + 0.55 * path + 0.25 * noise(x * 0.012, y * 0.09) - 0.2 * (1 - near),
      angle: 0.05 * noise(x * 0.02, y * 0.1),
      length: 34,
      path,
    };
  }
  if (y > hill(x))
    return {
      light: 0.24 + 0.3 * noise(x * 0.04, y * 0.06),
      angle: 0.9 + 0.5 * noise(x * 0.03, 2),
      length: 13,
    };
  if (y > top) {
    // Snow on the lit flank, broken by rock that runs down the slope.
    const depth = (y - top) / 130;
    const jagged = noise(x * 0.05 + 8, y * 0.03) + 0.6 * noise(x * 0.13, y * 0.08);
    const lit = rising ? 0.95 - 0.5 * depth + 0.35 * jagged : 0.14 + 0.3 * jagged - 0.1 * depth;
    return {
      light: lit,
      angle: Math.atan(slope) * 0.9 + (rising ? 0.5 : 0.6) * Math.sign(-slope || 1) * -0.6,
      length: 26,
    };
  }
  const d = toSun(x, y);
  const angle = Math.atan2(y - SUN.y, x - SUN.x);
  const ray = 0.5 + 0.5 * Math.cos(angle * 22);
  const light =
    0.82 - 0.55 * smoothstep(SUN.r, 330, d) + 0.22 * (ray - 0.5) + 0.1 * noise(x * 0.02, y * 0.02);
  return { light, angle, length: 30, sky: true };
}

/** One gouge: it enters the wood narrow, widens, and leaves it narrow. */
function gouge(sheet, random, x, y, { width, length, angle, color = paper }) {
  const flow = (px, py) => angle(px, py) + 0.1 * noise(px * 0.05, py * 0.05);
  const points = trace(x, y, flow, length * random.between(0.6, 1.3), 3);
  const seed = random() * 100;
  const profile = (s) => Math.min(1, s * 4 + 0.12) * Math.min(1, (1 - s) * 2.2 + 0.06);
  sheet.stroke(
    points,
    (s) => width * profile(s) * (1 + 0.25 * noise(s * 5, seed)),
    () => color,
  );
}

function cutSky(sheet, random) {
  // Rays begin on rings round the sun, ever farther apart.
  for (let d = SUN.r + 8; d < 560; d += 13) {
    const count = Math.round((Math.PI * 2 * d) / 4.6);
    for (let i = 0; i < count; i++) {
      const turn = ((i + random.between(-0.3, 0.3)) / count) * Math.PI * 2;
      const [x, y] = [SUN.x + Math.cos(turn) * d, SUN.y + Math.sin(turn) * d];
      if (y > ridge(x).y - 4 || y < 0) continue;
      const { light } = plan(x, y);
      if (random() > light * 1.5) continue;
      gouge(sheet, random, x, y, { width: 1.1 + 3.1 * clamp(light), length: 24, angle: () => turn });
    }
  }
}

function cutLand(sheet, random, spacing, keep, wide) {
  for (const [x, y] of places(random, WIDTH, HEIGHT, spacing)) {
    const { light, length, sky } = plan(x, y);
    if (sky || !keep(x, y) || random() > light * 1.7) continue;
    gouge(sheet, random, x, y, {
      width: wide * clamp(0.25 + light),
      length,
      angle: (px, py) => plan(px, py).angle,
    });
  }
}

function pine(sheet, random, { x: cx, foot, top, width }) {
  const height = foot - top;
  sheet.stroke(
    [
      [cx, top - 6],
      [cx, foot + 14],
    ],
    (s) => 1 + 6 * s,
    () => black,
  );
  for (let tier = 0; tier < 13; tier++) {
    const s = (tier + 1) / 13;
    const y = top + height * s * 0.96;
    const reach = width * (0.06 + 0.94 * s) * random.between(0.85, 1.12);
    for (const side of [-1, 1]) {
      const tip = [cx + side * reach, y + 8 + reach * 0.16];
      const points = [[cx, y - height * 0.07], [cx + side * reach * 0.55, y - 1], tip];
      sheet.stroke(
        points,
        (t) => (height * 0.1 * (0.15 + 0.85 * s) + 2) * (1 - t) ** 0.7 + 1,
        () => black,
      );
    }
    // Light falls on the boughs towards the sun.
    for (let i = 0; i < 7; i++) {
      const side = SUN.x > cx ? 1 : -1;
      const out = reach * random.between(0.1, 0.92);
      gouge(sheet, random, cx + side * out, y - 3 + out * 0.12 + random.between(-3, 3), {
        width: 1.8,
        length: 3 + 8 * s,
        angle: () => side * 0.5 + (side < 0 ? Math.PI : 0),
      });
    }
    for (let i = 0; i < 3; i++) {
      const out = reach * random.between(-0.8, 0.1) * (SUN.x > cx ? 1 : -1);
      gouge(sheet, random, cx + out, y + random.between(-4, 4), {
        width: 1.1,
        length: 7,
        angle: () => 0.5 * Math.sign(out),
      });
    }
  }
}

/** The second block: the sun, and its light on the water; it was put to the paper a little askew. */
function printRed(sheet, random) {
  sheet.spot(SUN.x + 2, SUN.y + 1, SUN.r, (_d, dx, dy) => [
    ...red,
    0.97 - 0.5 * smoothstep(0.45, 0.8, noise(dx * 30, dy * 30)),
  ]);
  for (let i = 0; i < 46; i++) {
    const y = SHORE + 7 + i * 1.9;
    const x = SUN.x + random.normal() * (12 + i * 0.5);
    if (y > bank(x) - 6) continue;
    gouge(sheet, random, x, y, { width: 3.4, length: 30, angle: () => 0, color: red });
  }
}

export function drawWoodcut() {
  const random = makeRandom(1831);
  const sheet = new Sheet(WIDTH, HEIGHT, 2, black);
  cutSky(sheet, random);
  sheet.spot(SUN.x, SUN.y, SUN.r + 5, () => paper);
  // The mountains stand before the sky: black again, and cut anew.
  const outline = Array.from({ length: WIDTH / 2 + 12 }, (_, i) => [i * 2 - 10, ridge(i * 2 - 10).y]);
  sheet.region([...outline, [WIDTH + 20, HEIGHT + 20], [-20, HEIGHT + 20]], () => black);
  cutLand(sheet, random, 7, (x, y) => y > ridge(x).y + 5 && y < hill(x), 4.2);
  cutLand(sheet, random, 5.5, (x, y) => y > hill(x) + 3 && y < SHORE - 3, 2.4);
  cutLand(sheet, random, 6.4, (x, y) => y > SHORE + 3 && y < bank(x) - 3, 3.1);
  printRed(sheet, random);
  sheet.region(
    [
      ...Array.from({ length: 60 }, (_, i) => [i * 10 - 10, bank(i * 10 - 10)]),
      [WIDTH + 20, HEIGHT + 20],
      [-20, HEIGHT + 20],
    ],
    () => black,
  );
  cutLand(sheet, random, 7, (x, y) => y > bank(x) + 4, 2.6);
  for (const tree of PINES) pine(sheet, random, tree);
  return print(sheet);
}

/** The margin of the paper, and ink that lies unevenly: thin in specks, and thinner along the wood's grain. */
function print(sheet) {
  const { width, height, scale } = sheet;
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [(i % width) / scale, Math.floor(i / width) / scale];
    const edge = Math.min(x, y, WIDTH - x, HEIGHT - y) + 1.2 * noise(x * 0.07, y * 0.07);
    const speck = smoothstep(0.5, 0.72, noise(x * 0.7, y * 0.7) + 0.3 * fractal(x * 0.02, y * 0.02, 3));
    const grain = smoothstep(0.3, 0.75, noise(x * 0.025, y * 0.8) + 0.2 * noise(x * 0.3, y * 2));
    sheet.lay(i, paper, edge < FRAME ? 1 : clamp(0.5 * speck + 0.1 * grain));
  }
  return sheet.finish(0.012);
}
