// Draws an owl on a mossy post in a meadow at dusk: the meadow out of focus behind it, the bird feather by feather, each
// with its shaft and barbs, lit from the upper left.
import { blend, palette } from './paint.mjs';
import { hex } from './picture.mjs';
import { clamp, fractal, makeRandom, mix, noise, smoothstep } from './random.mjs';
import { Sheet, trace } from './sheet.mjs';

const WIDTH = 448;
const HEIGHT = 544;
const HEAD = { x: 224, y: 168, rx: 104, ry: 88 };
const BODY = { x: 224, y: 330, rx: 106, ry: 148 };
const EYES = [-1, 1].map((side) => ({ side, x: HEAD.x + side * 43, y: 160, r: 26 }));

const meadow = palette('#2e4628', '#4f6d33', '#8a9a48', '#c9c069', '#f0dfa0');
const bark = palette('#2a1f19', '#4a382b', '#6f5843', '#9c8768');
const moss = palette('#2c3d17', '#4f6a24', '#87a03b', '#bcc865');
const back = palette('#2b1c14', '#503522', '#7a5533', '#a97f4f', '#d2b083');
const breast = palette('#b08a5a', '#d6b98a', '#efdfbd', '#fbf3dd');
const disc = palette('#8a5f3a', '#c29b68', '#e2c99c', '#f6ead0');
const dark = hex('#1d130e');
const amber = palette('#7a3a08', '#d27a10', '#f5b524', '#fbe07a');

/** Light from the upper left on a body as round as an egg. */
function lit({ x: cx, y: cy, rx, ry }, x, y) {
  const [u, v] = [(x - cx) / rx, (y - cy) / ry];
  const depth = Math.sqrt(Math.max(0, 1.1 - u * u - v * v));
  return clamp(0.62 + 0.42 * (-0.62 * u - 0.5 * v) + 0.3 * depth, 0.3, 1.3);
}

function paintMeadow(sheet, random) {
  sheet.fill((x, y) => {
    const tone = 0.85 - 0.75 * smoothstep(0, HEIGHT, y) + 0.4 * fractal(x * 0.006 + 9, y * 0.008, 3);
    return blend(meadow, tone);
  });
  const soft = (count, size, low, colors, opacity) => {
    for (let i = 0; i < count; i++) {
      const [x, y] = [random.between(-20, WIDTH + 20), random.between(low, HEIGHT + 20)];
      const color = blend(colors, random());
      sheet.spot(x, y, size * random.between(0.5, 1.3), (d) => [...color, opacity * smoothstep(1, 0.75, d)]);
    }
  };
  soft(120, 34, 150, meadow, 0.4);
  for (let i = 0; i < 260; i++) {
    const [x, y] = [random.between(-10, WIDTH + 10), random.between(270, HEIGHT + 40)];
    const color = blend(meadow, random.between(0.1, 0.75));
    const lean = -Math.PI / 2 + 0.35 * random.normal();
    sheet.stroke(
      trace(x, y, () => lean, random.between(60, 150), 6),
      (s) => 7 * Math.sin(Math.PI * s),
      () => [...color, 0.6],
    );
  }
  soft(46, 13, 230, palette('#d9534a', '#e88f5a', '#f4d35e', '#e9e2f0', '#9a7fc4'), 0.75);
  sheet.blur(5.5);
  soft(26, 17, -40, palette('#f7e7a8', '#dfe0a0'), 0.2);
  soft(16, 9, 330, palette('#f4c95e', '#f6f0dd', '#d88ab0'), 0.32);
  sheet.blur(1.6);
}

function paintPost(sheet, random) {
  const side = (y) => 92 + 8 * noise(y * 0.02, 4) + 0.05 * (y - 450);
  const outline = [];
  for (let y = 458; y <= HEIGHT + 10; y += 6) outline.push([224 - side(y), y]);
  for (let y = HEIGHT + 10; y >= 458; y -= 6) outline.push([224 + side(y + 90), y]);
  sheet.region(outline, (x, y) => {
    const u = (x - 224) / 100;
    const grain = fractal(x * 0.09, y * 0.012, 4) + 0.4 * noise(x * 0.5, y * 0.05);
    const crack = smoothstep(0.1, 0, Math.abs(noise(x * 0.06, y * 0.008 + 7)));
    const tone = 0.6 - 0.42 * u - 0.3 * u * u + 0.5 * grain - 0.5 * crack;
    return blend(bark, tone);
  });
  for (let i = 0; i < 2600; i++) {
    const x = 224 + random.between(-104, 104);
    const y =
      462 +
      random() ** 2 * 62 * (0.5 + noise(x * 0.03, 2)) -
      12 * Math.sqrt(Math.max(0, 1 - ((x - 224) / 104) ** 2));
    const tone = 0.5 - 0.3 * ((x - 224) / 100) - (y - 462) * 0.006 + 0.2 * random.normal();
    const color = blend(moss, tone);
    const lean = -Math.PI / 2 + 0.6 * random.normal();
    sheet.stroke(
      trace(x, y, () => lean, random.between(4, 9), 2),
      (s) => 1.6 * (1.1 - s),
      () => color,
    );
  }
}

/**
 * One feather, from its root at (x, y) along an angle: barbs slant from the shaft, the tip is paler, and where the feather
 * above covers it there is shade. mark(s, across) is how dark its pattern is.
 */
function feather(sheet, x, y, angle, { long, wide, color, light, mark = () => 0, bend = 0, seed }) {
  const points = [];
  for (let s = 0; s <= 1.001; s += 0.1) {
    const turn = angle + bend * s;
    const [px, py] = points.at(-1) ?? [x, y];
    points.push([px + Math.cos(turn) * long * 0.1, py + Math.sin(turn) * long * 0.1]);
  }
  const width = (s) => wide * Math.sqrt(clamp(s * 5 + 0.25)) * Math.sqrt(clamp(1 - s ** 3 + 0.02));
  sheet.stroke(points, width, (s, across) => {
    const barb = noise(s * long * 0.5 - Math.abs(across) * wide * 0.28, across * 3 + seed);
    const shaft = Math.exp(-((across / 0.12) ** 2)) * (1 - s);
    const shade = smoothstep(0, 0.5, s) * 0.4 + 0.6 - 0.3 * across ** 2 * (across > 0 ? 1.4 : 0.4);
    const tip = 0.16 * smoothstep(0.82, 1, s);
    const spot = clamp(mark(s, across));
    const split = smoothstep(
      0.35,
      0.6,
      noise(across * wide * 0.5 + seed, seed) * smoothstep(0.7, 1, s) + 0.1,
    );
    const tone = light * (shade + 0.16 * barb + 0.2 * shaft + tip);
    return [...color.map((c, k) => mix(c, dark[k], spot * 0.8) * tone), 1 - 0.8 * split];
  });
}

/** The breast: rows of soft feathers from below upwards, so that upper ones lie over lower ones. */
function paintBreast(sheet, random) {
  for (let y = BODY.y + BODY.ry - 14; y > BODY.y - BODY.ry + 10; y -= 8) {
    const half = BODY.rx * Math.sqrt(Math.max(0, 1 - ((y - BODY.y) / BODY.ry) ** 2));
    for (let x = BODY.x - half; x <= BODY.x + half; x += 9) {
      const [px, py] = [x + random.normal() * 2.4, y + random.normal() * 2.4];
      const u = (px - BODY.x) / BODY.rx;
      const color = blend(
        breast,
        0.95 - 0.75 * u * u - 0.16 * noise(px * 0.03, py * 0.03) + 0.1 * random.normal(),
      );
      const streak = random.between(0.3, 1);
      const bar = random() * 6;
      feather(sheet, px, py, Math.PI / 2 + u * 0.32 + 0.08 * random.normal(), {
        long: 27,
        wide: 14,
        color,
        light: lit(BODY, px, py),
        mark: (s, across) =>
          streak *
            Math.exp(-((across / (0.2 + 0.25 * s)) ** 2)) *
            smoothstep(0.25, 0.5, s) *
            smoothstep(1, 0.85, s) +
          0.5 * streak * smoothstep(0.55, 0.9, Math.sin(s * 14 + bar)) * Math.abs(across),
        seed: random() * 90,
      });
    }
  }
}

/** A folded wing: long flight feathers below, then rows of coverts that shorten towards the shoulder. */
function paintWing(sheet, random, side) {
  const edge = (t) => [BODY.x + side * (88 + 24 * Math.sin(t * 2.6)), BODY.y - 104 + 220 * t];
  for (let row = 8; row >= 0; row--) {
    const t = row / 8;
    const count = 7 - Math.floor(row * 0.35);
    for (let i = count; i >= 0; i--) {
      const [ex, ey] = edge(t);
      const inner = i / count;
      const x = ex - side * inner * (52 - 14 * t) + random.normal() * 1.6;
      const y = ey + inner * 5 + random.normal() * 1.6;
      const long = 46 + 64 * t;
      const color = blend(back, 0.4 + 0.3 * (1 - t) + 0.12 * random.normal());
      const bars = random.between(-0.3, 0.3);
      feather(sheet, x, y, Math.PI / 2 - side * (0.06 + 0.26 * t - 0.16 * inner), {
        long,
        wide: 17 + 3 * t,
        color,
        bend: -side * 0.16,
        light: lit({ ...BODY, rx: 132 }, x, y) * (side < 0 ? 1.14 : 0.86),
        mark: (s, across) =>
          0.85 *
            smoothstep(0.1, 0.6, Math.sin(s * long * 0.3 + bars * 6 + Math.abs(across) * 1.2)) *
            (0.35 + 0.65 * Math.abs(across)) +
          0.6 * Math.exp(-((across / 0.14) ** 2)),
        seed: random() * 90,
      });
    }
  }
}

function paintTail(sheet, random) {
  for (const i of [-3, 3, -2, 2, -1, 1, 0]) {
    feather(sheet, 224 + i * 13, 436, Math.PI / 2 - i * 0.05, {
      long: 92,
      wide: 22,
      color: blend(back, 0.5),
      light: 0.72 - 0.06 * i,
      mark: (s, across) => 0.8 * smoothstep(0, 0.5, Math.sin(s * 26 + Math.abs(across))),
      seed: random() * 90,
    });
  }
}

/** The head: small feathers that radiate from the beak, ear tufts, and two discs of hair-fine ones round the eyes. */
function paintHead(sheet, random) {
  const spots = [];
  for (let i = 0; i < 1500; i++) {
    const [angle, d] = [random() * Math.PI * 2, Math.sqrt(random())];
    spots.push([HEAD.x + Math.cos(angle) * d * HEAD.rx, HEAD.y + Math.sin(angle) * d * HEAD.ry]);
  }
  const centre = [HEAD.x, HEAD.y + 12];
  spots.sort(
    (a, b) => Math.hypot(b[0] - centre[0], b[1] - centre[1]) - Math.hypot(a[0] - centre[0], a[1] - centre[1]),
  );
  for (const side of [-1, 1]) {
    for (let i = 0; i < 34; i++) {
      const s = random();
      const [x, y] = [
        HEAD.x + side * (42 + 34 * s + random.normal() * 5),
        HEAD.y - 70 + 20 * s - 4 * random(),
      ];
      feather(sheet, x, y, -Math.PI / 2 + side * (0.34 + 0.2 * random.normal()), {
        long: 34 + 24 * (1 - Math.abs(s - 0.6)) * random(),
        wide: 9,
        color: blend(back, random.between(0.1, 0.7)),
        light: side < 0 ? 1 : 0.8,
        mark: (_t, across) => 0.7 * Math.exp(-((across / 0.3) ** 2)),
        seed: random() * 90,
      });
    }
  }
  for (const [x, y] of spots) {
    const angle = Math.atan2(y - centre[1], x - centre[0]);
    const crown = clamp((centre[1] - y) / HEAD.ry);
    feather(sheet, x, y, angle + 0.12 * random.normal(), {
      long: 19,
      wide: 9,
      color: blend(back, 0.35 + 0.4 * random() + 0.15 * (1 - crown)),
      light: lit(HEAD, x, y),
      mark: (s, across) =>
        0.75 * Math.exp(-((across / 0.32) ** 2)) * smoothstep(0.3, 0.6, s) * crown + 0.2 * Math.sin(s * 16),
      seed: random() * 90,
    });
  }
  for (const eye of EYES) paintDisc(sheet, random, eye);
}

function paintDisc(sheet, random, { side, x, y, r }) {
  // From the rim inwards: dark edge, then paler and paler hairs.
  for (let ring = 0; ring < 9; ring++) {
    const d = 60 - ring * 4.6;
    for (let i = 0; i < 120; i++) {
      const angle = random() * Math.PI * 2;
      const inward = -side * Math.cos(angle);
      const reach = d * (1 - 0.3 * clamp(inward)) * random.between(0.88, 1.06);
      const px = x + Math.cos(angle) * reach * 0.62;
      const py = y + 4 + Math.sin(angle) * reach * 0.66;
      const rim = ring < 1;
      const color = rim
        ? blend(back, random.between(0, 0.35))
        : blend(disc, 0.3 + 0.07 * ring + 0.3 * clamp(inward) + 0.13 * random.normal());
      const tone = lit(HEAD, px, py);
      const flow = () => angle + 0.1 * random.normal();
      sheet.stroke(
        trace(px, py, flow, rim ? 13 : 20, 2),
        (s) => 2.3 * (1.15 - s),
        () => color.map((c) => c * tone),
      );
    }
  }
  // A pale brow from the beak over each eye.
  for (let i = 0; i < 110; i++) {
    const s = random();
    const [px, py] = [HEAD.x + side * (6 + 62 * s), HEAD.y - 22 - 26 * s ** 0.8 + random.normal() * 3.5];
    const tone = lit(HEAD, px, py) * random.between(0.8, 1.05);
    sheet.stroke(
      trace(px, py, () => -side * 0.0 - Math.PI / 2 + side * (1.05 + 0.2 * random.normal()), 17, 2),
      (t) => 2.6 * (1.1 - t),
      () => disc[3].map((c) => c * tone),
    );
  }
  sheet.spot(x, y, r + 5, (d) => [...dark, smoothstep(1, 0.86, d)]);
  sheet.spot(x, y, r, (d, dx, dy) => {
    const spoke = noise(Math.atan2(dy, dx) * 9, d * 2);
    const tone =
      0.72 - 0.55 * smoothstep(0.55, 1, d) + 0.12 * spoke + 0.22 * dy - 0.35 * smoothstep(-0.3, -0.9, dy);
    return blend(amber, tone);
  });
  sheet.spot(x, y, r * 0.55, (d) => [...hex('#0b0806'), smoothstep(1, 0.92, d)]);
  sheet.spot(x - 8, y - 9, 6.2, (d) => [1, 1, 0.96, smoothstep(1, 0.5, d)]);
  sheet.spot(x + 8, y + 11, 6, (d) => [1, 0.9, 0.7, 0.35 * smoothstep(1, 0.2, d)]);
}

function paintBeak(sheet, random) {
  const points = [
    [HEAD.x, HEAD.y - 2],
    [HEAD.x, HEAD.y + 20],
    [HEAD.x - 1, HEAD.y + 46],
  ];
  sheet.stroke(
    points,
    (s) => 21 * Math.sqrt(clamp(1.02 - s)) * Math.sqrt(clamp(s * 4 + 0.4)),
    (s, across) => {
      const shine = Math.exp(-(((across - 0.3) / 0.2) ** 2)) * 0.35;
      return [0.3 + shine - 0.16 * s, 0.27 + shine - 0.14 * s, 0.25 + shine - 0.12 * s].map(
        (c) => c * (1 - 0.45 * Math.max(0, -across)),
      );
    },
  );
  for (let i = 0; i < 90; i++) {
    const side = random() < 0.5 ? -1 : 1;
    const [x, y] = [HEAD.x + side * random.between(5, 15), HEAD.y + random.between(-14, 26)];
    const tone = random.between(0.72, 1);
    sheet.stroke(
      trace(x, y, () => Math.PI / 2 + side * 0.35 * random(), 15, 2),
      (s) => 1.6 * (1.1 - s),
      () => disc[3].map((c) => c * tone),
    );
  }
}

function paintFeet(sheet, random) {
  for (const side of [-1, 1]) {
    for (const toe of [-1, 0, 1]) {
      const [x, y] = [224 + side * 40 + toe * 14, 452];
      const points = [
        [x - toe * 5, y - 10],
        [x, y],
        [x + toe * 3, y + 16],
      ];
      sheet.stroke(
        points,
        (s) => 13 - 3 * s,
        (s, across) => {
          const tone =
            0.78 + 0.2 * noise(s * 9, across * 2 + toe) - 0.3 * across ** 2 + (across > 0 ? 0.08 : 0);
          return blend(breast, 0.3 + 0.2 * random()).map((c) => c * tone);
        },
      );
      sheet.stroke(
        [
          [x + toe * 3, y + 13],
          [x + toe * 4, y + 25],
        ],
        (s) => 5.4 * (1 - s * 0.85),
        (_s, across) => [0.13, 0.11, 0.1].map((c) => c + 0.3 * Math.exp(-(((across - 0.3) / 0.25) ** 2))),
      );
    }
  }
}

/** Stalks and flowers in front, in focus. */
function paintForeground(sheet, random) {
  for (let i = 0; i < 150; i++) {
    const x = random.between(-10, WIDTH + 10);
    const away = Math.abs(x - 224) / 224;
    if (random() > away * 1.25) continue;
    const tall = random.between(50, 190) * away;
    const lean = -Math.PI / 2 + 0.22 * random.normal();
    const bend = random.between(-0.004, 0.004);
    const color = blend(moss, random.between(0.15, 0.95));
    const points = trace(x, HEIGHT + 6 - tall / 2, (_px, py) => lean + bend * (HEIGHT - py), tall, 4);
    sheet.stroke(
      points,
      (s) => 3.4 * (1.05 - s),
      (_s, across) => color.map((c) => c * (0.85 + 0.25 * across)),
    );
    if (i % 5 > 0 || tall < 70) continue;
    const [hx, hy] = points.at(-1);
    const petal = random.pick(palette('#e85d4e', '#f4d25a', '#f7f2e6', '#b48ad6'));
    for (let k = 0; k < 9; k++) {
      const angle = (k / 9) * Math.PI * 2;
      sheet.stroke(
        [
          [hx, hy],
          [hx + Math.cos(angle) * 8, hy + Math.sin(angle) * 6],
        ],
        (s) => 5 * Math.sin(Math.PI * (0.15 + 0.8 * s)),
        (s) => petal.map((c) => c * (0.72 + 0.3 * s)),
      );
    }
    sheet.spot(hx, hy, 3, () => hex('#c98a1c'));
  }
}

export function drawOwl() {
  const random = makeRandom(404);
  const sheet = new Sheet(WIDTH, HEIGHT, 2, meadow[2]);
  paintMeadow(sheet, random);
  paintTail(sheet, random);
  paintPost(sheet, random);
  paintBreast(sheet, random);
  paintFeet(sheet, random);
  paintWing(sheet, random, -1);
  paintWing(sheet, random, 1);
  paintHead(sheet, random);
  paintBeak(sheet, random);
  paintForeground(sheet, random);
  return sheet.finish(0.012);
}
