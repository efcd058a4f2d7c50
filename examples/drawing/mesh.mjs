// A triangle mesh and a ray tracer for it, over a tree of bounding boxes split by the surface-area heuristic.

const LEAF_SIZE = 3;
const BINS = 12;

/** Collects triangles. Points are given in the current frame: a place and a turn about the vertical. */
export class Mesh {
  #points = [];
  #uvs = [];
  #materials = [];
  #seeds = [];
  #x = 0;
  #y = 0;
  #z = 0;
  #cos = 1;
  #sin = 0;

  /** Sets the frame: local x runs along (cos turn, 0, sin turn), z along (-sin turn, 0, cos turn), and y up. */
  place(x, y, z, turn = 0) {
    this.#x = x;
    this.#y = y;
    this.#z = z;
    this.#cos = Math.cos(turn);
    this.#sin = Math.sin(turn);
  }

  #push([x, y, z]) {
    this.#points.push(
      this.#x + x * this.#cos - z * this.#sin,
      this.#y + y,
      this.#z + x * this.#sin + z * this.#cos,
    );
  }

  /** A triangle; uv holds three texture points, in metres. */
  triangle(a, b, c, material, seed = 0, uv = [0, 0, 1, 0, 0, 1]) {
    this.#push(a);
    this.#push(b);
    this.#push(c);
    this.#uvs.push(...uv);
    this.#materials.push(material);
    this.#seeds.push(seed);
  }

  /** A flat or bent quadrilateral a-b-c-d; texture u runs from a to b and v from a to d. */
  quad(a, b, c, d, material, seed = 0, u0 = 0, v0 = 0) {
    const u1 = u0 + Math.hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]);
    const v1 = v0 + Math.hypot(d[0] - a[0], d[1] - a[1], d[2] - a[2]);
    this.triangle(a, b, c, material, seed, [u0, v0, u1, v0, u1, v1]);
    this.triangle(a, c, d, material, seed, [u0, v0, u1, v1, u0, v1]);
  }

  /** An upright box between two corners, without its underside. */
  box(x0, y0, z0, x1, y1, z1, material, seed = 0) {
    this.quad([x0, y0, z1], [x1, y0, z1], [x1, y1, z1], [x0, y1, z1], material, seed);
    this.quad([x1, y0, z0], [x0, y0, z0], [x0, y1, z0], [x1, y1, z0], material, seed);
    this.quad([x1, y0, z1], [x1, y0, z0], [x1, y1, z0], [x1, y1, z1], material, seed);
    this.quad([x0, y0, z0], [x0, y0, z1], [x0, y1, z1], [x0, y1, z0], material, seed);
    this.quad([x0, y1, z1], [x1, y1, z1], [x1, y1, z0], [x0, y1, z0], material, seed);
  }

  /** A squared timber lying on the plane z, from (ax, ay) to (bx, by). */
  beam(ax, ay, bx, by, z, width, depth, material, seed = 0) {
    const length = Math.hypot(bx - ax, by - ay);
    const nx = (-(by - ay) / length) * width * 0.5;
    const ny = ((bx - ax) / length) * width * 0.5;
    const corners = [
      [ax - nx, ay - ny],
      [bx - nx, by - ny],
      [bx + nx, by + ny],
      [ax + nx, ay + ny],
    ];
    const front = corners.map(([x, y]) => [x, y, z + depth]);
    const back = corners.map(([x, y]) => [x, y, z]);
    this.quad(...front, material, seed);
    for (const [i, j] of [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 0],
    ]) {
      this.quad(back[i], back[j], front[j], front[i], material, seed);
    }
  }

  build() {
    return new Tracer(this.#points, this.#uvs, this.#materials, this.#seeds);
  }
}

/** Finds what a ray meets. After hit(), the fields t, u and v and the triangle's number describe it. */
class Tracer {
  t = 0;
  u = 0;
  v = 0;
  #stack = new Int32Array(64);

  constructor(points, uvs, materials, seeds) {
    const count = materials.length;
    this.#buildTree(points, count);
    // Triangles in tree order: corner, two edges, then normal.
    this.shape = new Float64Array(count * 12);
    this.uvs = new Float32Array(count * 6);
    this.materials = new Uint8Array(count);
    this.seeds = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const from = this.order[i];
      const p = points.slice(from * 9, from * 9 + 9);
      const [ax, ay, az] = [p[3] - p[0], p[4] - p[1], p[5] - p[2]];
      const [bx, by, bz] = [p[6] - p[0], p[7] - p[1], p[8] - p[2]];
      const [nx, ny, nz] = [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx];
      const n = Math.hypot(nx, ny, nz) || 1;
      this.shape.set([p[0], p[1], p[2], ax, ay, az, bx, by, bz, nx / n, ny / n, nz / n], i * 12);
      for (let k = 0; k < 6; k++) this.uvs[i * 6 + k] = uvs[from * 6 + k];
      this.materials[i] = materials[from];
      this.seeds[i] = seeds[from];
    }
  }

  #buildTree(points, count) {
    const boxes = new Float64Array(count * 6);
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < 3; k++) {
        const [a, b, c] = [points[i * 9 + k], points[i * 9 + 3 + k], points[i * 9 + 6 + k]];
        boxes[i * 6 + k] = Math.min(a, b, c);
        boxes[i * 6 + 3 + k] = Math.max(a, b, c);
      }
    }
    this.order = Int32Array.from({ length: count }, (_, i) => i);
    this.bounds = new Float64Array(count * 12);
    // For a leaf: its first triangle and their number. For a branch: its right child and 0.
    this.links = new Int32Array(count * 4);
    let nodes = 0;

    const measure = (first, last) => {
      const box = [Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity];
      for (let i = first; i < last; i++) {
        const at = this.order[i] * 6;
        for (let k = 0; k < 3; k++) {
          if (boxes[at + k] < box[k]) box[k] = boxes[at + k];
          if (boxes[at + 3 + k] > box[3 + k]) box[3 + k] = boxes[at + 3 + k];
        }
      }
      return box;
    };
    const centre = (i, axis) => boxes[i * 6 + axis] + boxes[i * 6 + 3 + axis];

    const split = (first, last) => {
      const node = nodes++;
      const box = measure(first, last);
      this.bounds.set(box, node * 6);
      const cut = last - first <= LEAF_SIZE ? undefined : bestCut(first, last);
      if (cut === undefined) {
        this.links[node * 2] = first;
        this.links[node * 2 + 1] = last - first;
        return node;
      }
      let middle = first;
      for (let i = first; i < last; i++) {
        const item = this.order[i];
        if (centre(item, cut.axis) < cut.at) {
          this.order[i] = this.order[middle];
          this.order[middle++] = item;
        }
      }
      if (middle === first || middle === last) middle = (first + last) >> 1;
      split(first, middle);
      this.links[node * 2] = split(middle, last);
      return node;
    };

    const bestCut = (first, last) => {
      let best;
      let bestCost = Infinity;
      for (let axis = 0; axis < 3; axis++) {
        let low = Infinity;
        let high = -Infinity;
        for (let i = first; i < last; i++) {
          const c = centre(this.order[i], axis);
          if (c < low) low = c;
          if (c > high) high = c;
        }
        if (high - low < 1e-6) continue;
        const counts = new Int32Array(BINS);
        const bins = Array.from({ length: BINS }, () => [
          Infinity,
          Infinity,
          Infinity,
          -Infinity,
          -Infinity,
          -Infinity,
        ]);
        for (let i = first; i < last; i++) {
          const item = this.order[i];
          const bin = Math.min(BINS - 1, Math.floor(((centre(item, axis) - low) / (high - low)) * BINS));
          counts[bin]++;
          grow(bins[bin], boxes, item * 6);
        }
        const rightCost = new Float64Array(BINS);
        const right = [Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity];
        for (let bin = BINS - 1, n = 0; bin > 0; bin--) {
          grow(right, bins[bin], 0);
          n += counts[bin];
          rightCost[bin] = n * area(right);
        }
        const left = [Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity];
        for (let bin = 1, n = 0; bin < BINS; bin++) {
          grow(left, bins[bin - 1], 0);
          n += counts[bin - 1];
          const cost = n * area(left) + rightCost[bin];
          if (n > 0 && n < last - first && cost < bestCost) {
            bestCost = cost;
            best = { axis, at: low + ((high - low) * bin) / BINS };
          }
        }
      }
      return best;
    };

    split(0, count);
  }

  /** The nearest triangle along the ray, or -1. With any set, the first one found will do. */
  hit(ox, oy, oz, dx, dy, dz, limit, any = false) {
    const { bounds, links, shape } = this;
    const stack = this.#stack;
    const ix = 1 / dx;
    const iy = 1 / dy;
    const iz = 1 / dz;
    let nearest = limit;
    let found = -1;
    let depth = 0;
    let node = 0;
    for (;;) {
      const count = links[node * 2 + 1];
      if (count > 0) {
        const first = links[node * 2];
        for (let i = first; i < first + count; i++) {
          const s = i * 12;
          const ax = shape[s + 3];
          const ay = shape[s + 4];
          const az = shape[s + 5];
          const bx = shape[s + 6];
          const by = shape[s + 7];
          const bz = shape[s + 8];
          const px = dy * bz - dz * by;
          const py = dz * bx - dx * bz;
          const pz = dx * by - dy * bx;
          const inverse = 1 / (ax * px + ay * py + az * pz);
          const tx = ox - shape[s];
          const ty = oy - shape[s + 1];
          const tz = oz - shape[s + 2];
          const u = (tx * px + ty * py + tz * pz) * inverse;
          if (!(u >= 0 && u <= 1)) continue;
          const qx = ty * az - tz * ay;
          const qy = tz * ax - tx * az;
          const qz = tx * ay - ty * ax;
          const v = (dx * qx + dy * qy + dz * qz) * inverse;
          if (!(v >= 0 && u + v <= 1)) continue;
          const t = (bx * qx + by * qy + bz * qz) * inverse;
          if (t > 1e-4 && t < nearest) {
            nearest = t;
            found = i;
            this.u = u;
            this.v = v;
            if (any) return i;
          }
        }
      } else {
        const left = node + 1;
        const right = links[node * 2];
        const tl = enter(bounds, left * 6, ox, oy, oz, ix, iy, iz, nearest);
        const tr = enter(bounds, right * 6, ox, oy, oz, ix, iy, iz, nearest);
        if (tl < Infinity && tr < Infinity) {
          stack[depth++] = tl < tr ? right : left;
          node = tl < tr ? left : right;
          continue;
        }
        if (tl < Infinity || tr < Infinity) {
          node = tl < Infinity ? left : right;
          continue;
        }
      }
      if (depth === 0) break;
      node = stack[--depth];
    }
    this.t = nearest;
    return found;
  }
}

function grow(box, source, at) {
  for (let k = 0; k < 3; k++) {
    if (source[at + k] < box[k]) box[k] = source[at + k];
    if (source[at + 3 + k] > box[3 + k]) box[3 + k] = source[at + 3 + k];
  }
}

function area(box) {
  const [x, y, z] = [box[3] - box[0], box[4] - box[1], box[5] - box[2]];
  return x < 0 ? 0 : x * y + y * z + z * x;
}

/** Where the ray enters a box, or Infinity. */
function enter(bounds, at, ox, oy, oz, ix, iy, iz, limit) {
  const x0 = (bounds[at] - ox) * ix;
  const x1 = (bounds[at + 3] - ox) * ix;
  const y0 = (bounds[at + 1] - oy) * iy;
  const y1 = (bounds[at + 4] - oy) * iy;
  const z0 = (bounds[at + 2] - oz) * iz;
  const z1 = (bounds[at + 5] - oz) * iz;
  const near = Math.max(Math.min(x0, x1), Math.min(y0, y1), Math.min(z0, z1), 0);
  const far = Math.min(Math.max(x0, x1), Math.max(y0, y1), Math.max(z0, z1), limit);
  return near <= far ? near : Infinity;
}
