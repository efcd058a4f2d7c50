// Solid forms as distance functions, and rays that march to them. A scene is a function (x, y, z) that gives about the
// distance to its surface, negative inside; forms melt into each other over a width k.

export function ellipsoid(x, y, z, rx, ry, rz) {
  const u = x / rx;
  const v = y / ry;
  const w = z / rz;
  const k0 = Math.sqrt(u * u + v * v + w * w);
  const a = u / rx;
  const b = v / ry;
  const c = w / rz;
  const k1 = Math.sqrt(a * a + b * b + c * c);
  return k1 > 0 ? (k0 * (k0 - 1)) / k1 : -Math.min(rx, ry, rz);
}

/** A rod from (ax, ay, az) to (bx, by, bz) whose radius goes from ra to rb. */
export function rod(x, y, z, ax, ay, az, bx, by, bz, ra, rb) {
  const dx = bx - ax;
  const dy = by - ay;
  const dz = bz - az;
  const along = ((x - ax) * dx + (y - ay) * dy + (z - az) * dz) / (dx * dx + dy * dy + dz * dz);
  const t = along < 0 ? 0 : along > 1 ? 1 : along;
  const px = x - ax - dx * t;
  const py = y - ay - dy * t;
  const pz = z - az - dz * t;
  return Math.sqrt(px * px + py * py + pz * pz) - ra - (rb - ra) * t;
}

/** The union of two forms, melted together. */
export function join(a, b, k) {
  const h = Math.max(k - Math.abs(a - b), 0) / k;
  return Math.min(a, b) - h * h * k * 0.25;
}

/** What two forms have in common, with a rounded edge; to cut b out of a, give -b. */
export const meet = (a, b, k) => -join(-a, -b, k);

/** How far along a ray the scene is met, or Infinity. */
export function march(scene, [ox, oy, oz], [dx, dy, dz], from, to) {
  let t = from;
  for (let i = 0; i < 120 && t < to; i++) {
    const d = scene(ox + dx * t, oy + dy * t, oz + dz * t);
    if (d < 0.0012) return t;
    t += d * 0.8;
  }
  return Infinity;
}

/** The surface's direction, from four places about the point. */
export function normal(scene, [x, y, z], e = 0.002) {
  const a = scene(x + e, y - e, z - e);
  const b = scene(x - e, y - e, z + e);
  const c = scene(x - e, y + e, z - e);
  const d = scene(x + e, y + e, z + e);
  return unit([a - b - c + d, -a - b + c + d, -a + b - c + d]);
}

/** How much of a wide light towards d reaches a point, from 0 to 1; the larger sharp, the smaller the light. */
export function lightReaching(scene, [x, y, z], [dx, dy, dz], sharp, to = 3) {
  let open = 1;
  for (let t = 0.03, i = 0; t < to && i < 32; i++) {
    const d = scene(x + dx * t, y + dy * t, z + dz * t);
    open = Math.min(open, 0.5 + 0.5 * sharp * (d / t));
    if (open <= 0) return 0;
    t += Math.min(Math.max(Math.abs(d) * 0.8, 0.03), 0.3);
  }
  return open * open * (3 - 2 * open);
}

/** How open a point lies to its surroundings, from 0 to 1. */
export function openness(scene, [x, y, z], [nx, ny, nz], reach) {
  let closed = 0;
  for (let i = 1; i <= 5; i++) {
    const t = (reach * i) / 5;
    closed += (t - Math.max(0, scene(x + nx * t, y + ny * t, z + nz * t))) / 1.7 ** i;
  }
  return Math.max(0, 1 - (closed / reach) * 1.6);
}

export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

export function unit([x, y, z]) {
  const n = Math.hypot(x, y, z) || 1;
  return [x / n, y / n, z / n];
}
