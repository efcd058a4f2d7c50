// Draws wet cobbles, a texture without objects: rounded stones laid in fans, lit low from the left, with moss and sand in
// the joints.
import { encode, light } from './picture.mjs';
import { clamp, fractal, hash2, makeRandom, mix, noise, smoothstep } from './random.mjs';

const WIDTH = 544;
const HEIGHT = 408;
const FAN = 180; // a fan's width
const ROWS = 6; // rows of stones in a fan

const stones = ['#6f6a66', '#857b70', '#5a5f69', '#94836e', '#77685f', '#4f5257', '#a0917c'].map(light);
const sand = light('#6a5c48');
const moss = light('#55662c');
const sky = [0.62, 0.72, 0.9];
const sun = [2.5, 2, 1.4];

/** The middles of all stones: rows on the arcs of overlapping fans. */
function lay(random) {
  const middles = [];
  const step = FAN / 2 / ROWS;
  for (let row = -1; row * (FAN / 2) < HEIGHT + FAN * 2; row++) {
    for (let column = -1; column * FAN < WIDTH + FAN; column++) {
      const [cx, cy] = [column * FAN + (row & 1 ? FAN / 2 : 0), row * (FAN / 2)];
      // What the two fans of the row below, and the one two rows below, leave of this one.
      const free = (x, y) =>
        Math.hypot(x - cx, y - cy) < FAN / 2 &&
        [
          [-FAN / 2, FAN / 2],
          [FAN / 2, FAN / 2],
          [0, FAN],
        ].every(([dx, dy]) => Math.hypot(x - cx - dx, y - cy - dy) > FAN / 2 + 1);
      for (let ring = 0; ring < ROWS; ring++) {
        const r = (ring + 0.5) * step;
        const count = Math.max(1, Math.round((Math.PI * 2 * r) / (step * 1.25)));
        for (let i = 0; i < count; i++) {
          const angle = ((i + 0.5 * (ring & 1)) / count) * Math.PI * 2;
          const [x, y] = [cx + Math.cos(angle) * r, cy + Math.sin(angle) * r];
          if (free(x, y))
            middles.push({
              x: x + random.normal() * 1.1,
              y: y + random.normal() * 1.1,
              seed: middles.length,
            });
        }
      }
    }
  }
  return middles;
}

/** For a place: the stone it is of, and how far inside it is. */
function finder(middles) {
  const cell = 20;
  const across = Math.ceil(WIDTH / cell) + 4;
  const grid = Array.from({ length: across * (Math.ceil(HEIGHT / cell) + 4) }, () => []);
  const bucket = (x, y) => grid[(Math.floor(y / cell) + 2) * across + Math.floor(x / cell) + 2];
  for (const stone of middles) {
    if (stone.x > -2 * cell && stone.y > -2 * cell && stone.x < WIDTH + cell && stone.y < HEIGHT + cell)
      bucket(stone.x, stone.y).push(stone);
  }
  return (x, y) => {
    let [best, second] = [Infinity, Infinity];
    let stone;
    for (let j = -1; j <= 1; j++) {
      for (let i = -1; i <= 1; i++) {
        for (const candidate of bucket(x + i * cell, y + j * cell) ?? []) {
          const d = Math.hypot(x - candidate.x, y - candidate.y);
          if (d < best) {
            second = best;
            best = d;
            stone = candidate;
          } else if (d < second) second = d;
        }
      }
    }
    return { stone, inside: (second - best) * 0.5 };
  };
}

export function drawCobbles() {
  const random = makeRandom(77);
  const over = 2;
  const [width, height] = [WIDTH * over, HEIGHT * over];
  const find = finder(lay(random));
  const heights = new Float32Array(width * height);
  const colors = new Float32Array(width * height * 3);
  const wet = new Float32Array(width * height);
  for (let i = 0; i < heights.length; i++) {
    const [x, y] = [(i % width) / over, Math.floor(i / width) / over];
    const [wx, wy] = [x + 1.6 * noise(x * 0.11, y * 0.11), y + 1.6 * noise(x * 0.11 + 50, y * 0.11)];
    const { stone, inside } = find(wx, wy);
    const seed = stone.seed;
    const crown = clamp((inside - 0.5) / 5.6);
    const tall = 7 + 2.8 * hash2(seed, 1);
    const chipped = 0.55 * fractal(x * 0.22 + seed, y * 0.22, 3) + 0.3 * noise(x * 0.9, y * 0.9);
    const lean =
      (hash2(seed, 2) - 0.5) * 0.22 * (x - stone.x) + (hash2(seed, 3) - 0.5) * 0.22 * (y - stone.y);
    const solid = smoothstep(0.35, 1, inside);
    const bed = 1 + 0.9 * noise(x * 0.3, y * 0.3) + 0.5 * noise(x * 0.9, y * 0.8);
    heights[i] = mix(bed, tall * Math.sqrt(1 - (1 - crown) ** 2) + chipped * 1.4 + lean, solid);
    const green = smoothstep(
      -0.05,
      0.45,
      fractal(x * 0.009 + 3, y * 0.009, 3) + 0.25 * noise(x * 0.06, y * 0.06),
    );
    const tone =
      0.72 +
      0.55 * hash2(seed, 4) +
      0.5 * fractal(x * 0.15 + seed * 3, y * 0.15, 3) +
      0.25 * noise(x * 1.1, y * 1.1);
    const stain = 0.7 * green * smoothstep(2.2, 0.4, inside + 0.8 * noise(x * 0.2, y * 0.2));
    for (let k = 0; k < 3; k++) {
      const rock = stones[Math.floor(hash2(seed, 5) * stones.length)][k] * tone;
      const joint = mix(sand[k], moss[k], green) * (0.7 + 0.5 * noise(x * 0.7, y * 0.7));
      colors[i * 3 + k] = mix(joint, mix(rock, moss[k], stain), solid);
    }
    wet[i] = solid * smoothstep(-0.25, 0.3, fractal(x * 0.008 + 20, y * 0.011, 2)) * (1 - stain);
  }
  return shade(width, height, over, { heights, colors, wet });
}

/** How much of the sky is hidden at each pixel by what lies towards the light. */
function shadowAt(heights, width, x, y) {
  let dark = 0;
  const own = heights[y * width + x];
  for (let s = 1; s <= 12; s++) {
    const [px, py] = [x - s * 2, y - s];
    if (px < 0 || py < 0) break;
    dark = Math.max(dark, (heights[py * width + px] - own - s * 0.52) / (1 + s * 0.12));
  }
  return clamp(dark * 0.8);
}

function shade(width, height, over, { heights, colors, wet }) {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  const at = (x, y) => heights[clamp(y, 0, height - 1) * width + clamp(x, 0, width - 1)];
  for (let oy = 0; oy < HEIGHT; oy++) {
    for (let ox = 0; ox < WIDTH; ox++) {
      const sum = [0, 0, 0];
      for (let s = 0; s < over * over; s++) {
        const [x, y] = [ox * over + (s % over), oy * over + Math.floor(s / over)];
        const [nx, ny] = [at(x - 1, y) - at(x + 1, y), at(x, y - 1) - at(x, y + 1)];
        const n = 1 / Math.hypot(nx, ny, 2.2);
        const i = y * width + x;
        const facing =
          Math.max(0, (nx * -0.74 + ny * -0.4 + 2.2 * 0.54) * n) * (1 - shadowAt(heights, width, x, y));
        const open = clamp(0.3 + heights[i] * 0.11) * (0.62 + 0.38 * 2.2 * n);
        // Half way between the light and the eye; water makes the stones darker and gives them a shine.
        const gloss = Math.max(0, (nx * -0.42 + ny * -0.23 + 2.2 * 0.88) * n) ** 40 * wet[i] * 0.55;
        for (let k = 0; k < 3; k++) {
          const body = colors[i * 3 + k] * (1 - 0.35 * wet[i]);
          sum[k] +=
            body * (sun[k] * facing + sky[k] * open * 0.75) +
            gloss * sun[k] * (facing > 0 ? 0.6 : 0) +
            0.05 * wet[i] * sky[k] * open;
        }
      }
      for (let k = 0; k < 3; k++) {
        data[(oy * WIDTH + ox) * 3 + k] = clamp(Math.round(encode(clamp(sum[k] / over ** 2)) * 255), 0, 255);
      }
    }
  }
  return { width: WIDTH, height: HEIGHT, data };
}
