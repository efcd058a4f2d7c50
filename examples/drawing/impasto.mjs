// Paints sunflowers in a jug, in oil as thick as a palette knife leaves it: broad, short, heavily loaded strokes in
// warm colours, laid crosswise on the wall and along every petal and leaf.
import { blend, lay, palette, places } from './paint.mjs';
import { hex } from './picture.mjs';
import { clamp, makeRandom, noise } from './random.mjs';
import { Canvas } from './strokes.mjs';

const WIDTH = 432;
const HEIGHT = 544;
const TABLE = 424;

const wall = palette('#b4502a', '#cc6a34', '#dd8743', '#e9a45a', '#f0bd7a');
const table = palette('#6e1f1c', '#8f2c22', '#ab4028', '#c85f35');
const petals = palette('#a8500e', '#d67a0c', '#f0a314', '#f9c52c', '#fde46e');
const seeds = palette('#1f0f0c', '#3b1c10', '#5e2e14', '#8a4a1c');
const leaves = palette('#16301c', '#28502a', '#477534', '#7f9a42', '#b7b85a');
const jug = palette('#123446', '#1d5568', '#34838c', '#79b3a8', '#d3e2c8');
const shadow = palette('#3c1226', '#561a2c', '#742831');

/** Flowers: their middle, size, how far they are turned away (1 faces us) and which way. */
const FLOWERS = [
  { x: 210, y: 208, r: 66, face: 1, turn: 0 },
  { x: 108, y: 166, r: 56, face: 0.72, turn: 2.7 },
  { x: 316, y: 172, r: 58, face: 0.8, turn: 0.4 },
  { x: 214, y: 82, r: 54, face: 0.85, turn: -1.5 },
  { x: 318, y: 282, r: 48, face: 0.62, turn: 0.9 },
  { x: 96, y: 284, r: 50, face: 0.66, turn: 2.3 },
  { x: 330, y: 74, r: 36, face: 0.5, turn: -0.7 },
  { x: 94, y: 68, r: 38, face: 0.52, turn: -2.4 },
];
const NECK = { x: 212, y: 330 };

const straight = (angle) => () => angle;

function paintGround(canvas, random) {
  for (const [spacing, brush] of [
    [15, { length: 40, width: 24, load: 1.2, dry: 0.2 }],
    [12, { length: 30, width: 17, load: 3, dry: 0.5 }],
  ]) {
    for (const [x, y] of places(random, WIDTH, HEIGHT, spacing)) {
      if (y > TABLE + 4) {
        const far = (y - TABLE) / (HEIGHT - TABLE);
        const cast = Math.exp(-(((x - 268) / 110) ** 2) - ((y - 486) / 26) ** 2);
        const colors = random() < cast * 1.1 ? shadow : table;
        const tone = () => 0.75 - 0.5 * far + 0.4 * noise(x * 0.02, y * 0.05) + random.normal() * 0.17;
        const flow = straight(0.08 + 0.16 * random.normal());
        lay(canvas, random, x, y, flow, blend(colors, tone()), blend(colors, tone()), brush);
        continue;
      }
      // A light comes from the upper left; strokes cross each other like basketwork.
      const glow = 0.62 - 0.0011 * Math.hypot(x - 90, y - 60);
      const tone = () => glow + 0.3 * noise(x * 0.013, y * 0.013) + random.normal() * 0.15;
      const cross = (Math.floor(x / 58) + Math.floor(y / 52)) % 2 ? 0.75 : -0.8;
      const flow = straight(cross + 0.22 * random.normal());
      lay(canvas, random, x, y, flow, blend(wall, tone()), blend(wall, tone()), brush);
    }
  }
}

function paintStem(canvas, random, { x, y }) {
  const [dx, dy] = [NECK.x - x, NECK.y - y];
  const long = Math.hypot(dx, dy);
  for (let i = 0; i < long / 7; i++) {
    const s = (i + random()) / (long / 7);
    const sag = 16 * Math.sin(s * Math.PI) * Math.sign(dx || 1);
    const tone = () => 0.3 + 0.25 * random.normal();
    lay(
      canvas,
      random,
      x + dx * s - sag,
      y + dy * s,
      straight(Math.atan2(dy, dx) + 0.1 * random.normal()),
      blend(leaves, tone()),
      blend(leaves, tone()),
      { length: 26, width: 8, load: 2.6, dry: 0.3 },
    );
  }
}

/** A leaf: strokes from its middle rib outwards and forwards, lighter above the rib. */
function paintLeaf(canvas, random, { x, y, long, angle }) {
  for (let i = 0; i < long * 0.75; i++) {
    const s = random();
    const side = random() < 0.5 ? -1 : 1;
    const half = long * 0.3 * Math.sin(Math.PI * s ** 0.8) * random();
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const [px, py] = [x + cos * s * long - sin * half * side, y + sin * s * long + cos * half * side];
    const tone = () => 0.38 + 0.22 * side * -Math.sign(cos) + 0.2 * random.normal();
    lay(
      canvas,
      random,
      px,
      py,
      straight(angle + side * 0.5 * (1 - s)),
      blend(leaves, tone()),
      blend(leaves, tone()),
      { length: 20, width: 7, load: 2.8, dry: 0.5 },
    );
  }
  for (let s = 0.05; s < 0.9; s += 0.16) {
    lay(
      canvas,
      random,
      x + Math.cos(angle) * s * long,
      y + Math.sin(angle) * s * long,
      straight(angle),
      blend(leaves, 0.85),
      blend(leaves, 1),
      { length: 16, width: 3.5, load: 2.6, dry: 0.3 },
    );
  }
}

function paintFlower(canvas, random, { x, y, r, face, turn }) {
  /** A place in the flower's plane, which is foreshortened along its turn. */
  const place = (angle, d) => {
    const [u, v] = [Math.cos(angle) * d * face, Math.sin(angle) * d];
    return [x + u * Math.cos(turn) - v * Math.sin(turn), y + u * Math.sin(turn) + v * Math.cos(turn)];
  };
  for (const ring of [0, 1, 2]) {
    const count = [24, 21, 17][ring];
    for (let i = 0; i < count; i++) {
      const angle = ((i + random.between(-0.35, 0.35)) / count) * Math.PI * 2;
      const long = r * [0.66, 0.56, 0.42][ring] * random.between(0.8, 1.15);
      const [ax, ay] = place(angle, r * 0.36);
      const [bx, by] = place(angle + random.normal() * 0.08, r * 0.36 + long);
      const along = Math.atan2(by - ay, bx - ax);
      const lit = 0.12 * Math.cos(along + 2.3);
      const tone = () => 0.5 + 0.14 * ring + lit + random.normal() * 0.2;
      const length = Math.max(9, Math.hypot(bx - ax, by - ay));
      const curl = random.normal() * 0.016;
      const flow = (px, py) => along + curl * Math.hypot(px - ax, py - ay);
      lay(canvas, random, (ax + bx) / 2, (ay + by) / 2, flow, blend(petals, tone()), blend(petals, tone()), {
        length,
        width: r * 0.17,
        load: 3.8,
        dry: 0.35,
      });
    }
  }
  for (let i = 0; i < r * 2.6; i++) {
    const angle = i * 2.39996;
    const s = Math.sqrt(i / (r * 2.6));
    const [px, py] = place(angle, r * 0.43 * s);
    const tone = () => 0.2 + 0.65 * s * s + random.normal() * 0.18 - 0.25 * Math.cos(angle - turn + 2.2) * s;
    const flow = straight(angle + turn + Math.PI / 2 + random.normal() * 0.5);
    lay(canvas, random, px, py, flow, blend(seeds, tone()), blend(seeds, tone()), {
      length: 7,
      width: 5.5,
      load: 4,
      dry: 0.1,
    });
  }
  for (let i = 0; i < r * 0.34; i++) {
    const [px, py] = place(random() * Math.PI * 2, r * 0.2 * Math.sqrt(random()));
    lay(canvas, random, px, py, straight(random() * 3), blend(leaves, 0.75), blend(petals, 0.4), {
      length: 5,
      width: 4,
      load: 3.6,
      dry: 0.1,
    });
  }
}

/** The jug's half width from its neck down to its foot. */
function profile(y) {
  const s = (y - 326) / 152;
  if (s < 0 || s > 1) return 0;
  return 38 + 46 * Math.sin(clamp((s - 0.12) / 0.88) ** 0.8 * Math.PI * 0.86) - 12 * s;
}

function paintJug(canvas, random) {
  for (const [spacing, brush] of [
    [9, { length: 30, width: 14, load: 1.6, dry: 0.2 }],
    [9, { length: 24, width: 10, load: 3.2, dry: 0.5 }],
  ]) {
    for (const [x, y] of places(random, WIDTH, HEIGHT, spacing)) {
      const half = profile(y) - 6;
      const across = (x - NECK.x) / (half + 6);
      if (half <= 0 || Math.abs(x - NECK.x) > half) continue;
      const band = y > 372 && y < 396;
      const lit = 0.52 - 0.5 * across - 0.35 * across * across;
      const tone = () => lit + random.normal() * 0.1;
      const colors = band && random() < 0.8 ? petals : jug;
      // The brush goes round the body, and follows its swelling near the sides.
      const flow = (px) =>
        0.35 * ((px - NECK.x) / half) * (y > 400 ? -1 : 1) + (Math.abs(across) > 0.8 ? Math.PI / 2 : 0);
      lay(canvas, random, x, y, flow, blend(colors, tone()), blend(colors, tone()), brush);
    }
  }
  for (let i = 0; i < 14; i++) {
    lay(
      canvas,
      random,
      NECK.x + random.between(-34, 34),
      328 + random.normal() * 2,
      straight(0.05),
      blend(jug, 0.75),
      blend(jug, 0.35),
      { length: 16, width: 6, load: 3.4, dry: 0.2 },
    );
  }
  for (let i = 0; i < 12; i++) {
    lay(
      canvas,
      random,
      NECK.x - 34 + random.normal() * 5,
      414 + random.normal() * 13,
      straight(1.3),
      blend(jug, 1),
      hex('#fdf7e2'),
      { length: 13, width: 5, load: 4, dry: 0.2 },
    );
  }
}

export function drawImpasto() {
  const random = makeRandom(1888);
  const canvas = new Canvas(WIDTH, HEIGHT, 2, hex('#8a3d20'));
  paintGround(canvas, random);
  for (const flower of FLOWERS) paintStem(canvas, random, flower);
  const foliage = [
    [150, 312, 82, 2.6],
    [270, 316, 84, 0.5],
    [180, 286, 70, -2.5],
    [258, 250, 64, -0.5],
    [160, 120, 60, 2.9],
    [262, 126, 62, -0.4],
    [212, 326, 70, 1.9],
    [130, 236, 54, 2.7],
    [286, 226, 56, 0.3],
    [258, 330, 66, 1.2],
  ];
  for (const [x, y, long, angle] of foliage) paintLeaf(canvas, random, { x, y, long, angle });
  paintJug(canvas, random);
  for (const [x, y, long, angle] of foliage.slice(0, 2))
    paintLeaf(canvas, random, { x, y: y + 6, long, angle: angle + 0.4 });
  for (const flower of FLOWERS.toReversed()) paintFlower(canvas, random, flower);
  // A fallen head on the table.
  paintLeaf(canvas, random, { x: 90, y: 488, long: 50, angle: 2.9 });
  paintFlower(canvas, random, { x: 102, y: 484, r: 36, face: 0.55, turn: 1.35 });
  return canvas.finish();
}
