// Paints a valley in watercolour: transparent washes of pigment on white paper. A wash dries darker at its edge, is
// uneven where water ran back into it, and its grains settle in the hollows of the paper; washes over each other multiply.
import { hex } from './picture.mjs';
import { clamp, fractal, hash2, makeRandom, noise, smoothstep } from './random.mjs';

const WIDTH = 560;
const HEIGHT = 420;

const paper = hex('#faf7ef');
/** How much of the light a pigment takes, in red, green and blue, at density 1. */
const pigment = (text) => hex(text).map((c) => -Math.log(clamp(c, 0.03, 0.99)));
const cobalt = pigment('#7aa6d8');
const violet = pigment('#a08cc0');
const rose = pigment('#eaa79a');
const gold = pigment('#f2cf7d');
const sap = pigment('#93b06a');
const olive = pigment('#8f9a55');
const viridian = pigment('#6fa595');
const indigo = pigment('#4f6489');
const sienna = pigment('#c08555');
const umber = pigment('#6b5a4a');

const WATER = 292;

/** The height of the paper's tooth, about 0 ± 0.5. */
const tooth = (x, y) => 0.45 * noise(x * 0.5, y * 0.5) + 0.3 * noise(x * 0.23 + 40, y * 0.25);

class Paper {
  constructor() {
    this.light = new Float32Array(WIDTH * HEIGHT * 3).fill(1);
  }

  /**
   * Lays a wash. shape(x, y) is about the distance inside its edge, in pixels, negative outside. wet: over how many pixels
   * the edge runs out; ragged: by how many the edge strays; rim: how much darker it dries there; grain: how much pigment
   * settles in the paper's hollows.
   */
  wash(box, shape, color, { density = 1, wet = 1, rim = 0.5, grain = 0.35, bloom = 0.35, ragged = 3, seed }) {
    const [left, top, right, bottom] = box.map(Math.round);
    const waves = 0.135 / ragged;
    for (let y = Math.max(0, top); y < Math.min(HEIGHT, bottom); y++) {
      for (let x = Math.max(0, left); x < Math.min(WIDTH, right); x++) {
        const wobble = ragged * (fractal(x * waves + seed, y * waves - seed, 4) + 0.4 * tooth(x, y));
        const inside = shape(x, y) + wobble * (1 + wet * 0.25);
        const cover = smoothstep(-wet, wet, inside);
        if (cover <= 0) continue;
        const edge = Math.exp(-((inside / 2.2 - 0.6) ** 2)) * (wet < 4 ? 1 : 0);
        const run = fractal(x * 0.016 + seed * 3, y * 0.016 + seed, 4);
        const back = Math.exp(-((fractal(x * 0.012 - seed, y * 0.012 + seed * 2, 3) / 0.035) ** 2));
        const settled = 1 - grain * 0.8 * tooth(x, y) + grain * 0.2 * (hash2(x, y) - 0.5);
        const amount =
          0.62 *
          density *
          cover *
          settled *
          Math.max(0.1, 1 + bloom * (1.3 * run + 0.35 * back)) *
          (1 + rim * edge);
        const at = (y * WIDTH + x) * 3;
        for (let k = 0; k < 3; k++) this.light[at + k] *= Math.exp(-color[k] * Math.max(0, amount));
      }
    }
  }

  /** A round touch of the brush, drawn out along an angle. */
  touch(x, y, r, color, { long = 1, angle = 0, ...wash }) {
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const reach = r * long + 8;
    const ragged = clamp(r * 0.7, 0.4, 5);
    const shape = (px, py) => {
      const [dx, dy] = [px - x, py - y];
      return r - Math.hypot((dx * cos + dy * sin) / long, dy * cos - dx * sin);
    };
    this.wash([x - reach, y - reach, x + reach, y + reach], shape, color, { ragged, ...wash });
  }

  finish() {
    const data = new Uint8Array(WIDTH * HEIGHT * 3);
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const relief = 1 + 0.03 * (tooth(x + 1, y + 1) - tooth(x, y));
        for (let k = 0; k < 3; k++) {
          const at = (y * WIDTH + x) * 3 + k;
          data[at] = clamp(Math.round(paper[k] * this.light[at] * relief * 255), 0, 255);
        }
      }
    }
    return { width: WIDTH, height: HEIGHT, data };
  }
}

/** The painted field ends short of the paper's edge, unevenly. */
const margin = (x, y) =>
  Math.min(x - 16, y - 14, WIDTH - 16 - x, HEIGHT - 14 - y) + 5 * noise(x * 0.03, y * 0.03);
const whole = [0, 0, WIDTH, HEIGHT];

function sky(sheet) {
  const cloud = (x, y) => fractal(x * 0.009 + 4, y * 0.017, 4) * 90 + 16;
  sheet.wash(whole, (x, y) => Math.min(margin(x, y), 250 - y), gold, {
    density: 0.42,
    wet: 20,
    rim: 0,
    grain: 0.2,
    seed: 3,
  });
  sheet.wash(whole, (x, y) => Math.min(margin(x, y), 60 - Math.abs(y - 190) - cloud(x, y) * 0.4), rose, {
    density: 0.5,
    wet: 26,
    rim: 0,
    seed: 11,
  });
  sheet.wash(whole, (x, y) => Math.min(margin(x, y), cloud(x, y) + (130 - y) * 0.3), cobalt, {
    density: 0.75,
    wet: 14,
    rim: 0.2,
    grain: 0.6,
    bloom: 0.5,
    seed: 7,
  });
  sheet.wash(whole, (x, y) => Math.min(margin(x, y), cloud(x + 30, y + 9) - 26 + (60 - y) * 0.4), indigo, {
    density: 0.3,
    wet: 16,
    rim: 0,
    grain: 0.6,
    seed: 17,
  });
}

const ridges = [
  {
    line: (x) => 150 + 52 * Math.sin(x * 0.0105 + 0.7) + 22 * Math.sin(x * 0.027),
    color: violet,
    density: 0.6,
    wet: 3,
  },
  {
    line: (x) => 196 - 40 * Math.sin(x * 0.0125 + 0.2) + 14 * Math.sin(x * 0.034 + 1),
    color: indigo,
    density: 0.45,
    wet: 2,
  },
  {
    line: (x) => 236 + 30 * Math.sin(x * 0.012 + 2.6) + 7 * Math.sin(x * 0.05),
    color: viridian,
    density: 0.85,
    wet: 1.4,
  },
  {
    line: (x) => 268 - 22 * Math.sin(x * 0.009 + 2.3) + 5 * Math.sin(x * 0.06),
    color: sap,
    density: 1.1,
    wet: 1.2,
  },
];

function hills(sheet) {
  for (const [i, { line, color, density, wet }] of ridges.entries()) {
    // Each range fades into mist at its foot.
    const seed = 23 + i * 5;
    sheet.wash(whole, (x, y) => Math.min(margin(x, y), y - line(x), (WATER - y) * 0.9), color, {
      density: density * 0.62,
      wet,
      rim: 0.7,
      seed,
    });
    sheet.wash(
      whole,
      (x, y) => Math.min(margin(x, y), y - line(x), line(x) + 34 - y + 16 * noise(x * 0.02, seed)),
      color,
      { density: density * 0.6, wet: 7, rim: 0, grain: 0.5, seed: seed + 2 },
    );
  }
}

/** A tree: touches of the brush in a crown, the later ones smaller and darker, over a trunk. */
function tree(sheet, random, x, foot, height, colors, down = false) {
  const up = down ? -1 : 1;
  const strength = down ? 0.5 : 1;
  const trunk = (px, py) =>
    0.8 + height * 0.009 - Math.abs(px - x - 2.5 * noise(py * 0.05, x)) - (up * (py - foot) > 0 ? 9 : 0);
  const [low, high] = [foot - up * height * 0.6, foot].sort((a, b) => a - b);
  sheet.wash([x - 12, low, x + 12, high], trunk, umber, { density: 1.1 * strength, wet: 0.9, seed: x });
  // The crown is made of a few boughs, with light between them.
  const boughs = Array.from({ length: 7 }, (_, i) => {
    const angle = i * 2.4 + x;
    return [Math.cos(angle) * 0.2 * Math.sqrt(i / 6), Math.sin(angle) * 0.26 * Math.sqrt(i / 6)];
  });
  const count = down ? 40 : 60 + height * 0.25;
  for (let i = 0; i < count; i++) {
    const late = i / count;
    const [bx, by] = boughs[i % boughs.length];
    const px = x + (bx + 0.055 * random.normal()) * height;
    const py = foot - up * (0.66 + by + 0.05 * random.normal()) * height;
    const r = height * (0.075 - 0.06 * late) * random.between(0.6, 1.1);
    sheet.touch(px, down ? foot + (py - foot) * 0.8 : py, r, random.pick(colors), {
      density: (0.24 + 0.5 * late) * strength,
      wet: down ? 3 : 1.1,
      rim: 0.55,
      long: down ? 1.6 : 1.15,
      angle: down ? 0 : random() * 3,
      seed: random() * 90,
    });
  }
}

function lake(sheet, random) {
  const inLake = (x, y) => Math.min(margin(x, y), y - WATER - 2);
  sheet.wash(whole, inLake, cobalt, { density: 0.5, wet: 1.5, rim: 0.3, grain: 0.5, seed: 61 });
  sheet.wash(
    whole,
    (x, y) => Math.min(inLake(x, y), 46 - Math.abs(y - WATER - 20) + 22 * noise(x * 0.02, 5)),
    viridian,
    { density: 0.5, wet: 12, rim: 0, seed: 67 },
  );
  sheet.wash(
    whole,
    (x, y) => Math.min(inLake(x, y), (y - 352) * 0.5 + 10 * noise(x * 0.01, y * 0.06)),
    indigo,
    { density: 0.5, wet: 10, rim: 0, grain: 0.5, seed: 71 },
  );
  for (let i = 0; i < 60; i++) {
    const y = random.between(WATER + 12, 396);
    const x = random.between(30, 530);
    const near = (y - WATER) / 100;
    sheet.touch(x, y, 0.8 + 1.3 * near, random.pick([indigo, cobalt, viridian]), {
      density: 0.42,
      long: random.between(7, 18),
      wet: 0.8,
      rim: 0.4,
      seed: i,
    });
  }
}

function shore(sheet, random) {
  const ground = (x) =>
    366 - 50 * smoothstep(330, 560, x) + 26 * smoothstep(380, 120, x) + 4 * Math.sin(x * 0.06);
  const shape = (x, y) => Math.min(margin(x, y), y - ground(x));
  sheet.wash(whole, shape, gold, { density: 0.8, wet: 1, rim: 0.6, seed: 83 });
  sheet.wash(whole, (x, y) => shape(x, y) - 12 + 30 * noise(x * 0.02, y * 0.04), olive, {
    density: 0.95,
    wet: 3,
    grain: 0.5,
    seed: 89,
  });
  for (let i = 0; i < 230; i++) {
    const x = random.between(110, 542);
    const foot = Math.min(402, ground(x) + random.between(2, 50));
    const tall = random.between(8, 30);
    const lean = random.between(-0.4, 0.4);
    sheet.touch(x + lean * tall * 0.5, foot - tall * 0.5, 0.85, random.pick([olive, sap, sienna, umber]), {
      density: random.between(0.4, 1.1),
      long: tall * 0.6,
      angle: -Math.PI / 2 + lean,
      wet: 0.6,
      rim: 0.2,
      seed: i,
    });
  }
  for (let i = 0; i < 46; i++) {
    const x = random.between(300, 540);
    const y = Math.min(396, ground(x) + random.between(-18, 34));
    sheet.touch(x, y, random.between(1.4, 3.4), random.pick([rose, pigment('#d9605a'), violet]), {
      density: 1.3,
      wet: 0.9,
      rim: 0.8,
      seed: i,
    });
  }
}

export function drawWatercolour() {
  const random = makeRandom(1820);
  const sheet = new Paper();
  sky(sheet);
  hills(sheet);
  lake(sheet, random);
  const autumn = [gold, sienna, pigment('#dc9a50'), rose];
  const spring = [sap, olive, viridian, gold];
  const far = [
    [70, 52, spring],
    [96, 40, autumn],
    [124, 58, spring],
    [156, 36, spring],
    [214, 34, autumn],
    [240, 46, spring],
    [330, 38, spring],
    [356, 30, autumn],
  ];
  for (const [x, height, colors] of far) {
    tree(sheet, random, x, WATER + 2, height, colors);
    tree(sheet, random, x, WATER + 5, height * 0.8, colors, true);
  }
  shore(sheet, random);
  tree(sheet, random, 440, 340, 236, autumn);
  tree(sheet, random, 494, 334, 150, spring);
  for (let i = 0; i < 40; i++) {
    // A few drops flew off the brush.
    const [x, y] = [random.between(24, 536), random.between(22, 398)];
    sheet.touch(x, y, random.between(0.5, 1.5), random.pick([sienna, cobalt, sap]), {
      density: 0.6,
      wet: 0.7,
      seed: i,
    });
  }
  return sheet.finish();
}
