// A sheet to draw on: colour with opacity, in strokes of any width, in spots and pixel by pixel. What a stroke looks
// like along and across is said by whoever draws it: a pen's line, a gouge, a feather and a petal are all strokes.
import { clamp, hash2, noise } from './random.mjs';

const STEP = 0.5; // between two samples of a stroke, in pixels of the sheet

export class Sheet {
  #written;
  #strokes = 0;

  /** scale is the number of the sheet's pixels to a pixel of the picture, along each side. */
  constructor(width, height, scale, ground) {
    this.scale = scale;
    this.width = width * scale;
    this.height = height * scale;
    this.color = new Float32Array(this.width * this.height * 3);
    this.#written = new Int32Array(this.width * this.height);
    for (let i = 0; i < this.color.length; i++) this.color[i] = ground[i % 3];
  }

  /** Colours every pixel; at(x, y) gives a colour for a place of the picture. */
  fill(at) {
    const { width, height, scale, color } = this;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++)
        color.set(at((x + 0.5) / scale, (y + 0.5) / scale), (y * width + x) * 3);
    }
  }

  /** Lays a colour over the pixel with number i. */
  lay(i, [r, g, b], opacity) {
    const c = i * 3;
    this.color[c] += (r - this.color[c]) * opacity;
    this.color[c + 1] += (g - this.color[c + 1]) * opacity;
    this.color[c + 2] += (b - this.color[c + 2]) * opacity;
  }

  /**
   * Draws along a line of points. width(s) is the width at s, from 0 at the start to 1 at the end; ink(s, across, x, y) the
   * colour and, as a fourth number, the opacity; across goes from -1 to 1. No place is coloured twice.
   */
  stroke(points, width, ink) {
    const { scale } = this;
    const id = ++this.#strokes;
    const lengths = [0];
    for (let i = 1; i < points.length; i++) {
      const [[ax, ay], [bx, by]] = [points[i - 1], points[i]];
      lengths.push(lengths[i - 1] + Math.hypot(bx - ax, by - ay));
    }
    const total = lengths.at(-1);
    if (!(total > 0)) return;
    for (let i = 1; i < points.length; i++) {
      const [[ax, ay], [bx, by]] = [points[i - 1], points[i]];
      const long = lengths[i] - lengths[i - 1];
      if (long === 0) continue;
      const [tx, ty] = [(bx - ax) / long, (by - ay) / long];
      for (let gone = 0; gone < long; gone += STEP / scale) {
        const s = (lengths[i - 1] + gone) / total;
        const half = width(s) * 0.5 * scale;
        // Thinner than a pixel is fainter, not thinner.
        const faint = Math.min(1, half * 2);
        const reach = Math.max(half, 0.5);
        const [px, py] = [(ax + tx * gone) * scale, (ay + ty * gone) * scale];
        for (let d = -reach; d <= reach; d += STEP) {
          const cx = Math.floor(px - ty * d);
          const cy = Math.floor(py + tx * d);
          if (cx < 0 || cy < 0 || cx >= this.width || cy >= this.height) continue;
          const at = cy * this.width + cx;
          if (this.#written[at] === id) continue;
          this.#written[at] = id;
          const color = ink(s, d / reach, cx / scale, cy / scale);
          this.lay(at, color, clamp(color[3] ?? 1) * faint);
        }
      }
    }
  }

  /** A round spot; ink(d, dx, dy) gives colour and opacity at d from its middle, in radii. */
  spot(x, y, radius, ink) {
    const { scale, width, height } = this;
    const [px, py, r] = [x * scale, y * scale, radius * scale];
    for (let cy = Math.max(0, Math.floor(py - r)); cy <= Math.min(height - 1, py + r); cy++) {
      for (let cx = Math.max(0, Math.floor(px - r)); cx <= Math.min(width - 1, px + r); cx++) {
        const [dx, dy] = [(cx + 0.5 - px) / r, (cy + 0.5 - py) / r];
        const d = Math.hypot(dx, dy);
        if (d >= 1) continue;
        const color = ink(d, dx, dy);
        this.lay(cy * width + cx, color, clamp((color[3] ?? 1) * Math.min(1, (1 - d) * r)));
      }
    }
  }

  /** Colours the inside of an outline; ink(x, y) gives colour and opacity at a place of the picture. */
  region(outline, ink) {
    const { scale, width, height } = this;
    const ys = outline.map(([, y]) => y * scale);
    const last = Math.min(height - 1, Math.ceil(Math.max(...ys)));
    for (let cy = Math.max(0, Math.floor(Math.min(...ys))); cy <= last; cy++) {
      const y = (cy + 0.5) / scale;
      const crossings = [];
      for (const [i, [bx, by]] of outline.entries()) {
        const [ax, ay] = outline.at(i - 1);
        if (ay > y !== by > y) crossings.push((ax + ((bx - ax) * (y - ay)) / (by - ay)) * scale);
      }
      crossings.sort((a, b) => a - b);
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        const end = Math.min(width - 1, Math.round(crossings[i + 1]) - 1);
        for (let cx = Math.max(0, Math.round(crossings[i])); cx <= end; cx++) {
          const color = ink((cx + 0.5) / scale, y);
          this.lay(cy * width + cx, color, clamp(color[3] ?? 1));
        }
      }
    }
  }

  /** Blurs everything drawn so far, nearly as a Gaussian of this deviation would (three running means). */
  blur(deviation) {
    const { width, height, color } = this;
    const r = Math.max(1, Math.round(deviation * this.scale));
    const line = new Float32Array(Math.max(width, height));
    const pass = (start, step, count) => {
      for (let i = 0; i < count; i++) line[i] = color[start + i * step];
      const at = (i) => line[clamp(i, 0, count - 1)];
      let sum = 0;
      for (let i = -r; i <= r; i++) sum += at(i);
      for (let i = 0; i < count; i++) {
        color[start + i * step] = sum / (2 * r + 1);
        sum += at(i + r + 1) - at(i - r);
      }
    };
    for (let k = 0; k < 9; k++) {
      const channel = k % 3;
      for (let y = 0; y < height; y++) pass(y * width * 3 + channel, 3, width);
      for (let x = 0; x < width; x++) pass(x * 3 + channel, width * 3, height);
    }
  }

  /** Brings the sheet down to the picture's size; grain is the amplitude of its noise. */
  finish(grain = 0) {
    const { scale, color } = this;
    const [width, height] = [this.width / scale, this.height / scale];
    const data = new Uint8Array(width * height * 3);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const speckle = grain * (hash2(x, y) - 0.5 + noise(x * 0.6, y * 0.6));
        for (let k = 0; k < 3; k++) {
          let sum = 0;
          for (let s = 0; s < scale * scale; s++) {
            const at = (y * scale + Math.floor(s / scale)) * this.width + x * scale + (s % scale);
            sum += clamp(color[at * 3 + k]);
          }
          data[(y * width + x) * 3 + k] = clamp(Math.round((sum / scale ** 2 + speckle) * 255), 0, 255);
        }
      }
    }
    return { width, height, data };
  }
}

/** A line of points that follows the angles of flow(x, y) from its middle at (x, y). */
export function trace(x, y, flow, length, step = 2) {
  const walk = (sign) => {
    const points = [];
    let [px, py] = [x, y];
    for (let gone = 0; gone < length / 2; gone += step) {
      const angle = flow(px, py);
      px += Math.cos(angle) * step * sign;
      py += Math.sin(angle) * step * sign;
      points.push([px, py]);
    }
    return points;
  };
  return [...walk(-1).reverse(), [x, y], ...walk(1)];
}

/** A smooth line through points (Catmull and Rom's spline), as many short ones. */
export function curve(points, parts = 12) {
  const at = (i) => points[clamp(i, 0, points.length - 1)];
  const line = [];
  for (let i = 0; i < points.length - 1; i++) {
    const [p, q, r, s] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    for (let j = 0; j < parts; j++) {
      const t = j / parts;
      line.push(
        [0, 1].map(
          (k) =>
            q[k] +
            0.5 *
              t *
              (r[k] -
                p[k] +
                t * (2 * p[k] - 5 * q[k] + 4 * r[k] - s[k] + t * (3 * (q[k] - r[k]) + s[k] - p[k]))),
        ),
      );
    }
  }
  line.push(points.at(-1));
  return line;
}
