// Draws a mosaic of two fish in whirling water, in some four thousand stones that lie along the forms: squares spread
// by Lloyd's algorithm with each stone's distance measured along its own two sides (Hausner, "Simulating decorative
// mosaics", 2001).
import { blend, palette } from './paint.mjs';
import { hex } from './picture.mjs';
import { clamp, fractal, hash2, makeRandom, noise, smoothstep } from './random.mjs';

const WIDTH = 560;
const HEIGHT = 448;
const STONE = 7; // mean side of a stone
const BORDER = 34;
const ROUNDS = 9;

const water = palette('#0f3a52', '#16607a', '#1f8a97', '#62b7b0', '#bfe0cf');
const scales = palette('#7a1f1c', '#b8361f', '#dc5f25', '#efa03a', '#f8d983');
const belly = palette('#c98a3a', '#ecc878', '#fbf0cf');
const frame = palette('#8a6a1e', '#c39a2f', '#e6c65a');
const dark = hex('#1a1d26');
const grout = hex('#8f8777');

const FISH = [
  { x: 240, y: 168, size: 150, turn: -0.16, side: 1, bend: 0.36 },
  { x: 322, y: 300, size: 130, turn: Math.PI - 0.14, side: -1, bend: 0.34 },
];
const WHIRLS = [
  { x: 430, y: 142, r: 66, spin: 1 },
  { x: 120, y: 322, r: 70, spin: -1 },
];

/** A place in a fish's own frame: u from tail (-1) to nose (1), v across, and its half height there. */
function inFish({ x: fx, y: fy, size, turn, side, bend }, x, y) {
  const [dx, dy] = [(x - fx) / size, (y - fy) / size];
  const u = dx * Math.cos(turn) + dy * Math.sin(turn);
  const v = side * (dy * Math.cos(turn) - dx * Math.sin(turn)) - bend * (u * u - 0.3);
  const half = u > 1 || u < -0.72 ? 0 : 0.4 * Math.sqrt(clamp(1 - u)) * smoothstep(-0.95, 0.35, u) + 0.05;
  const tail = u > -1.12 && u < -0.6 ? 0.06 + 0.95 * (-0.6 - u) ** 0.9 - 0.25 * smoothstep(-0.9, -1.1, u) : 0;
  const fin = u > -0.42 && u < 0.42 ? half + 0.15 * Math.sin(((u + 0.42) / 0.84) * Math.PI) : 0;
  return { u, v, half, tail, fin };
}

/** What lies at a place: its colour, and the angle of its stones. */
function design(x, y) {
  const edge = Math.min(x, y, WIDTH - x, HEIGHT - y);
  if (edge < BORDER) return border(x, y, edge);
  for (const fish of FISH) {
    const { u, v, half, tail, fin } = inFish(fish, x, y);
    const slope = fish.turn + fish.side * Math.atan(2 * fish.bend * u);
    const eye = Math.hypot(u - 0.68, v + 0.05);
    if (eye < 0.05) return { color: dark, angle: slope };
    if (eye < 0.115)
      return { color: hex('#fdf6df'), angle: fish.side * Math.atan2(v + 0.05, u - 0.68) + fish.turn };
    if (Math.abs(v) < half) {
      if (half - Math.abs(v) < 0.035 || Math.abs(u - 0.46 + 0.9 * v * v) < 0.024)
        return { color: dark, angle: slope, line: true };
      const rows = 0.5 + 0.5 * Math.sin(u * 26 + Math.cos(v * 30) * 1.5);
      if (v > half * 0.42) return { color: blend(belly, 0.5 + 0.5 * rows), angle: slope };
      return {
        color: blend(scales, 0.3 + 0.42 * rows + 0.5 * (v / half)),
        angle: slope - 0.1 * fish.side * Math.sign(v) * (1 - u),
      };
    }
    const fan = Math.atan2(v, -0.5 - u);
    if (Math.abs(v) < tail) {
      return { color: blend(scales, 0.5 + 0.42 * Math.sin(fan * 22)), angle: slope - fish.side * fan };
    }
    if (fin > 0 && Math.abs(v) < fin)
      return {
        color: blend(scales, 0.62 + 0.38 * Math.sin(u * 60 + v * 26)),
        angle: slope - fish.side * Math.sign(v) * 1.05,
      };
  }
  return current(x, y);
}

/** Water flows round the fish and in two whirls, in light and dark bands. */
function current(x, y) {
  let [vx, vy] = [1, 0.35 * Math.sin(x * 0.018) + 0.25 * noise(x * 0.01, y * 0.01)];
  let phase = y * 0.105 + 1.3 * Math.sin(x * 0.018);
  for (const { x: wx, y: wy, r, spin } of WHIRLS) {
    const [dx, dy] = [x - wx, y - wy];
    const d = Math.hypot(dx, dy) + 1e-6;
    const pull = 5 * Math.exp(-((d / r) ** 2));
    vx += (pull * spin * -dy) / d;
    vy += (pull * spin * dx) / d;
    phase += Math.exp(-((d / r) ** 2) * 0.7) * (d * 0.2 + spin * Math.atan2(dy, dx) - phase);
  }
  const tone = 0.42 + 0.34 * Math.sin(phase) + 0.3 * fractal(x * 0.012, y * 0.012, 2);
  return { color: blend(water, tone), angle: Math.atan2(vy, vx) };
}

function border(x, y, edge) {
  if (edge < 8 || edge > BORDER - 8)
    return { color: edge < 8 ? dark : blend(frame, 0.6), angle: 0, line: true };
  const along = y < BORDER || y > HEIGHT - BORDER ? x : y;
  const wave = Math.sin((along / 56) * Math.PI * 2) * 7;
  const off = edge - BORDER / 2;
  if (Math.abs(off - wave) < 4.4) return { color: hex('#a8321f'), angle: 0 };
  if (Math.abs(off + wave) < 4.4) return { color: hex('#2d6b62'), angle: 0 };
  return { color: blend(frame, 0.75 + 0.2 * Math.sin(along)), angle: 0 };
}

/** Spreads stones so that each has about the same square of pixels. */
function spread(random) {
  const columns = Math.round(WIDTH / STONE);
  const rows = Math.round(HEIGHT / STONE);
  const stones = [];
  for (let i = 0; i < columns * rows; i++) {
    const x = ((i % columns) + random()) * (WIDTH / columns);
    const y = (Math.floor(i / columns) + random()) * (HEIGHT / rows);
    stones.push({ x, y, angle: design(x, y).angle });
  }
  for (let round = 0; round < ROUNDS; round++) {
    const { owner } = partition(stones, 1);
    const sums = new Float64Array(stones.length * 3);
    for (let i = 0; i < owner.length; i++) {
      const at = owner[i] * 3;
      sums[at] += (i % WIDTH) + 0.5;
      sums[at + 1] += Math.floor(i / WIDTH) + 0.5;
      sums[at + 2]++;
    }
    for (const [k, stone] of stones.entries()) {
      const count = sums[k * 3 + 2];
      if (count > 0) [stone.x, stone.y] = [sums[k * 3] / count, sums[k * 3 + 1] / count];
      stone.angle = design(stone.x, stone.y).angle;
    }
  }
  return stones;
}

/** The stone nearest to every pixel, how near, and how much farther the second; scale is pixels to a unit. */
function partition(stones, scale) {
  const cell = STONE * 1.2;
  const across = Math.ceil(WIDTH / cell) + 2;
  const grid = Array.from({ length: across * (Math.ceil(HEIGHT / cell) + 2) }, () => []);
  for (const [k, { x, y }] of stones.entries()) {
    grid[Math.floor(y / cell) * across + Math.floor(x / cell)].push(k);
  }
  const turns = stones.map(({ angle }) => [Math.cos(angle), Math.sin(angle)]);
  const owner = new Int32Array(WIDTH * HEIGHT * scale * scale);
  const gap = new Float32Array(owner.length);
  for (let i = 0; i < owner.length; i++) {
    const x = ((i % (WIDTH * scale)) + 0.5) / scale;
    const y = (Math.floor(i / (WIDTH * scale)) + 0.5) / scale;
    const [column, row] = [Math.floor(x / cell), Math.floor(y / cell)];
    let [best, second] = [Infinity, Infinity];
    for (let j = Math.max(0, row - 1); j <= row + 1; j++) {
      for (let c = Math.max(0, column - 1); c <= column + 1; c++) {
        for (const k of grid[j * across + c]) {
          const [dx, dy] = [x - stones[k].x, y - stones[k].y];
          const [cos, sin] = turns[k];
          const d = Math.max(Math.abs(dx * cos + dy * sin), Math.abs(dy * cos - dx * sin));
          if (d < best) {
            second = best;
            best = d;
            owner[i] = k;
          } else if (d < second) second = d;
        }
      }
    }
    gap[i] = second - best;
  }
  return { owner, gap };
}

export function drawMosaic() {
  const random = makeRandom(547);
  const stones = spread(random);
  for (const stone of stones) {
    const { color, line } = design(stone.x, stone.y);
    const tone = 1 + (line ? 0.06 : 0.13) * random.normal();
    stone.color = color.map((c) => clamp(c * tone + 0.025 * random.normal()));
    // Stones are set by hand: each faces a little elsewhere.
    stone.tilt = [random.normal() * 0.09, random.normal() * 0.09];
  }
  const over = 2;
  const { owner, gap } = partition(stones, over);
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const sum = [0, 0, 0];
      for (let s = 0; s < over * over; s++) {
        const i = (y * over + Math.floor(s / over)) * WIDTH * over + x * over + (s % over);
        const stone = stones[owner[i]];
        const [dx, dy] = [x - stone.x, y - stone.y];
        const worn = gap[i] + 0.5 * noise(x * 0.4 + owner[i], y * 0.4);
        const solid = smoothstep(0.7, 1.5, worn);
        // The upper left of a stone's rounded rim is lit, the lower right is not.
        const rim = (1 - smoothstep(1.2, 3.6, worn)) * (-(dx + dy) / STONE);
        const face =
          1 +
          stone.tilt[0] * dx * 0.3 +
          stone.tilt[1] * dy * 0.3 +
          0.3 * rim +
          0.06 * noise(x * 0.5, y * 0.5 + owner[i]);
        const bed = 0.72 + 0.2 * noise(x * 0.8, y * 0.8);
        for (let k = 0; k < 3; k++) sum[k] += grout[k] * bed * (1 - solid) + stone.color[k] * face * solid;
      }
      const grain = 0.015 * (hash2(x, y) - 0.5);
      for (let k = 0; k < 3; k++) {
        data[(y * WIDTH + x) * 3 + k] = clamp(Math.round((sum[k] / over ** 2 + grain) * 255), 0, 255);
      }
    }
  }
  return { width: WIDTH, height: HEIGHT, data };
}
