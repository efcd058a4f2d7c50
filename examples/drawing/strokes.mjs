// Paint laid on a canvas in brush strokes. Each stroke leaves the streaks of its bristles in the colour and a
// relief in the paint's thickness; the relief is lit at the end, when the canvas is finished.
import { clamp, hash2, noise, smoothstep } from './random.mjs';

const STEP = 0.6; // between two samples of a stroke, in pixels of the canvas

/** A canvas of width x height; scale is the number of its pixels to a pixel of the picture, along each side. */
export class Canvas {
  #written;
  #strokes = 0;

  constructor(width, height, scale, ground) {
    this.width = width * scale;
    this.height = height * scale;
    this.scale = scale;
    const count = this.width * this.height;
    this.color = new Float32Array(count * 3);
    this.relief = new Float32Array(count);
    this.#written = new Int32Array(count);
    for (let i = 0; i < count * 3; i++) this.color[i] = ground[i % 3];
  }

  /**
   * Lays one stroke, in picture coordinates, with its middle at (x, y); it follows the angles of flow(x, y). brush: length, width, load (the paint's thickness), colors (two, streaked through each other).
   */
  stroke(x, y, flow, { length, width, load, colors, dry = 0.5, seed }) {
    const points = this.#trace(x, y, flow, length);
    if (points.length < 4) return;
    const id = ++this.#strokes;
    const half = width * this.scale * 0.5;
    const [first, second] = colors;
    const streaks = Math.max(3, width * 0.8);
    const total = points.length / 4;
    for (let i = 0; i < total; i++) {
      const s = i / total;
      const [px, py, tx, ty] = [points[i * 4], points[i * 4 + 1], points[i * 4 + 2], points[i * 4 + 3]];
      const swell = Math.min(1, Math.sqrt(s * 9 + 0.12), Math.sqrt((1 - s) * 5 + 0.06));
      const reach = half * swell * (1 + 0.12 * noise(s * 4, seed));
      for (let d = -reach; d <= reach; d += STEP) {
        const across = d / half;
        const cx = Math.round(px - ty * d);
        const cy = Math.round(py + tx * d);
        if (cx < 0 || cy < 0 || cx >= this.width || cy >= this.height) continue;
        const at = cy * this.width + cx;
        if (this.#written[at] === id) continue;
        this.#written[at] = id;

        const lane = across * streaks + seed * 7.3;
        const bristle = noise(lane, s * 2.2 + seed);
        const fine = noise(lane * 2.6, s * 5 - seed);
        // Towards its end the brush runs dry, and only some bristles still leave paint.
        const paint =
          1 - dry * smoothstep(0.55, 1.02, s) - 0.25 * across * across + 0.55 * bristle + 0.2 * fine;
        const cover = smoothstep(0.18, 0.42, paint);
        if (cover <= 0) continue;
        const blend = clamp(0.35 + 0.75 * bristle + 0.25 * across);
        const shade = 1 + 0.1 * fine;
        const c = at * 3;
        for (let k = 0; k < 3; k++) {
          const wet = (first[k] + (second[k] - first[k]) * blend) * shade;
          this.color[c + k] += (wet - this.color[c + k]) * cover * 0.96;
        }
        // Paint is pushed to the sides of the stroke and heaped up where it starts.
        const rim = smoothstep(0.55, 0.9, Math.abs(across / swell)) * 0.35;
        const heap = 0.3 * smoothstep(0.16, 0.02, s);
        const thickness = load * swell * (0.62 + 0.5 * bristle + 0.28 * fine + rim + heap);
        this.relief[at] += (this.relief[at] * 0.35 + thickness - this.relief[at]) * cover;
      }
    }
  }

  /** The stroke's spine on the canvas: x, y and the unit tangent at every step. */
  #trace(x, y, flow, length) {
    const run = STEP / this.scale;
    const walk = (sign, distance) => {
      const points = [];
      let [px, py] = [x, y];
      for (let gone = 0; gone < distance; gone += run) {
        const angle = flow(px, py);
        const [tx, ty] = [Math.cos(angle), Math.sin(angle)];
        points.push([px * this.scale, py * this.scale, tx, ty]);
        px += tx * run * sign;
        py += ty * run * sign;
      }
      return points;
    };
    return [...walk(-1, length / 2).reverse(), ...walk(1, length / 2).slice(1)].flat();
  }

  /** Lights the relief from the upper left and brings the canvas down to the picture's size. */
  finish() {
    const { width, height, scale, color, relief } = this;
    const out = { width: width / scale, height: height / scale };
    out.data = new Uint8Array(out.width * out.height * 3);
    const sum = new Float64Array(3);
    for (let y = 0; y < out.height; y++) {
      for (let x = 0; x < out.width; x++) {
        sum.fill(0);
        for (let s = 0; s < scale * scale; s++) {
          const cx = x * scale + (s % scale);
          const cy = y * scale + Math.floor(s / scale);
          const at = cy * width + cx;
          const right = cy * width + Math.min(cx + 1, width - 1);
          const left = cy * width + Math.max(cx - 1, 0);
          const below = Math.min(cy + 1, height - 1) * width + cx;
          const above = Math.max(cy - 1, 0) * width + cx;
          const slopeX = (relief[right] - relief[left]) * 0.5;
          const slopeY = (relief[below] - relief[above]) * 0.5;
          const n = 1 / Math.sqrt(slopeX * slopeX + slopeY * slopeY + 1);
          const lit = (0.5 * slopeX + 0.62 * slopeY) * -n;
          const facing = (0.42 * -slopeX + 0.52 * -slopeY + 0.74) * n;
          const gloss = clamp(facing) ** 26 * 0.16;
          const shade = 1 + clamp(-lit, -0.5, 0.45) * -0.85;
          for (let k = 0; k < 3; k++) sum[k] += clamp(color[at * 3 + k] * shade + gloss * 0.5 - 0.012);
        }
        const weave = (hash2(x, y) - 0.5) * 3;
        for (let k = 0; k < 3; k++) {
          out.data[(y * out.width + x) * 3 + k] = clamp(
            Math.round((sum[k] / (scale * scale)) * 255 + weave),
            0,
            255,
          );
        }
      }
    }
    return out;
  }
}
