// The built things of the river scene, as triangles: half-timbered houses, a church, a quay and boats.
import { material } from './materials.mjs';

const STOREY = 2.6;

/**
 * A house in the mesh's current frame: its front stands on z = 0 and faces +z, centred on x = 0.
 * style: width, depth, storeys, gable (whether a gable faces the river), pitch, seed.
 */
export function addHouse(mesh, random, style) {
  const { width, depth, storeys, gable, pitch, seed } = style;
  const half = width / 2;
  let front = 0;
  let y = 0;
  mesh.box(-half, -1, -depth, half, 3, 0, material.stone, seed);
  addShopFront(mesh, random, half, seed);
  y = 3;
  for (let storey = 0; storey < storeys; storey++) {
    front += 0.32;
    const top = y + STOREY;
    mesh.box(-half, y, -depth, half, top, front, material.plaster, seed);
    mesh.box(-half - 0.06, y - 0.16, -0.2, half + 0.06, y + 0.1, front + 0.1, material.timber, seed);
    for (let x = -half + 0.35; x < half; x += 0.8) {
      mesh.box(x - 0.09, y - 0.34, front - 0.3, x + 0.09, y - 0.16, front + 0.16, material.timber, seed + 3);
    }
    addStorey(mesh, random, half, y, top, front, seed);
    y = top;
  }
  if (gable) addGableRoof(mesh, random, half, y, front, depth, pitch, seed);
  else addEavesRoof(mesh, random, half, y, front, depth, pitch, seed);
}

function addShopFront(mesh, random, half, seed) {
  const door = random.between(-half + 1, half - 1);
  mesh.box(door - 0.62, 0, 0, door + 0.62, 2.35, 0.1, material.timber, seed);
  mesh.box(door - 0.45, 0, 0, door + 0.45, 2.15, 0.14, material.paint, seed + 11);
  mesh.box(door - 0.8, -0.2, 0, door + 0.8, 0.15, 0.6, material.stone, seed + 2);
  for (let x = -half + 1.1; x < half - 0.6; x += 1.75) {
    if (Math.abs(x - door) > 1.25) addWindow(mesh, random, x, 0.85, 0, 1.15, 1.45, seed);
  }
  if (random() < 0.45) {
    const y = 2.75;
    mesh.quad(
      [-half + 0.3, y - 0.75, 1.5],
      [half - 0.3, y - 0.75, 1.5],
      [half - 0.3, y, 0.05],
      [-half + 0.3, y, 0.05],
      material.awning,
      seed,
    );
  }
}

function addStorey(mesh, random, half, y0, y1, z, seed) {
  const bays = Math.max(3, Math.round((half * 2) / 1.45));
  const step = (half * 2) / bays;
  const sill = y0 + 0.85;
  const wood = material.timber;
  for (let i = 0; i <= bays; i++) {
    const x = -half + i * step + (i === 0 ? 0.11 : i === bays ? -0.11 : 0);
    mesh.beam(x, y0, x, y1, z, i % bays === 0 ? 0.26 : 0.18, 0.07, wood, seed + i);
  }
  mesh.beam(-half, y1 - 0.1, half, y1 - 0.1, z, 0.2, 0.08, wood, seed + 21);
  mesh.beam(-half, sill, half, sill, z, 0.14, 0.06, wood, seed + 22);
  const centre = (bays - 1) / 2;
  for (let i = 0; i < bays; i++) {
    const left = -half + i * step;
    const middle = left + step / 2;
    const outer = i === 0 || i === bays - 1;
    if (outer) {
      const lean = i < centre ? 1 : -1;
      mesh.beam(
        middle + lean * step * 0.42,
        y0 + 0.1,
        middle - lean * step * 0.42,
        y1 - 0.2,
        z,
        0.16,
        0.06,
        wood,
        seed + 31,
      );
    } else {
      addWindow(mesh, random, middle, sill + 0.08, z, Math.min(step - 0.3, 1.05), 1.3, seed);
      if (i % 2 === Math.floor(bays / 2) % 2) addCross(mesh, middle, step, y0 + 0.1, sill, z, seed);
    }
  }
}

function addCross(mesh, x, step, y0, y1, z, seed) {
  const reach = step * 0.42;
  mesh.beam(x - reach, y0, x + reach, y1, z, 0.11, 0.05, material.timber, seed + 41);
  mesh.beam(x - reach, y1, x + reach, y0, z, 0.11, 0.045, material.timber, seed + 42);
}

function addWindow(mesh, random, x, y, z, width, height, seed) {
  const w = width / 2;
  const lit = random() < 0.3 ? 1 : 0;
  const pane = lit ? material.lamplight : material.glass;
  mesh.quad(
    [x - w, y, z + 0.03],
    [x + w, y, z + 0.03],
    [x + w, y + height, z + 0.03],
    [x - w, y + height, z + 0.03],
    pane,
    Math.floor(random() * 1000),
  );
  const frame = material.frame;
  mesh.beam(x - w, y, x - w, y + height, z, 0.1, 0.1, frame);
  mesh.beam(x + w, y, x + w, y + height, z, 0.1, 0.1, frame);
  mesh.beam(x - w, y + height, x + w, y + height, z, 0.1, 0.1, frame);
  mesh.beam(x, y, x, y + height, z, 0.07, 0.08, frame);
  mesh.beam(x - w, y + height * 0.62, x + w, y + height * 0.62, z, 0.06, 0.08, frame);
  mesh.box(x - w - 0.1, y - 0.1, z, x + w + 0.1, y, z + 0.2, frame);
  if (random() < 0.5) {
    mesh.box(x - w - 0.4, y, z, x - w - 0.08, y + height, z + 0.09, material.paint, seed + 7);
    mesh.box(x + w + 0.08, y, z, x + w + 0.4, y + height, z + 0.09, material.paint, seed + 7);
  }
  if (random() < 0.45) addFlowers(mesh, random, x, y, z, w);
}

function addFlowers(mesh, random, x, y, z, w) {
  mesh.box(x - w, y - 0.2, z + 0.1, x + w, y - 0.02, z + 0.36, material.timber, 5);
  const kind = random() < 0.6 ? material.redFlower : material.whiteFlower;
  for (let i = 0; i < 46; i++) {
    const px = x + random.between(-w, w);
    const py = y + random.between(-0.25, 0.22);
    const pz = z + random.between(0.16, 0.44);
    addLeaf(mesh, random, px, py, pz, 0.1, random() < 0.5 ? kind : material.leaf);
  }
}

/** One leaf or petal: a small triangle turned at random. */
export function addLeaf(mesh, random, x, y, z, size, kind) {
  const point = () => [x + size * random.normal(), y + size * random.normal(), z + size * random.normal()];
  mesh.triangle(point(), point(), point(), kind, Math.floor(random() * 4096));
}

function addGableRoof(mesh, random, half, y, front, depth, pitch, seed) {
  const rise = half * pitch;
  const z = front + 0.3;
  const kind = material.plaster;
  mesh.box(-half - 0.06, y - 0.14, front - 0.3, half + 0.06, y + 0.12, z + 0.1, material.timber, seed);
  mesh.triangle([-half, y, z], [half, y, z], [0, y + rise, z], kind, seed, [0, 0, half * 2, 0, half, rise]);
  mesh.triangle([half, y, -depth], [-half, y, -depth], [0, y + rise, -depth], kind, seed, [
    0,
    0,
    half * 2,
    0,
    half,
    rise,
  ]);
  const roofAt = (x) => y + rise * (1 - Math.abs(x) / half);
  for (let i = -2; i <= 2; i++) {
    const x = (i * half) / 2.6;
    mesh.beam(x, y, x, roofAt(x) - 0.1, z, 0.16, 0.06, material.timber, seed + i);
  }
  for (const level of [0.36, 0.68]) {
    const reach = half * (1 - level);
    mesh.beam(-reach, y + rise * level, reach, y + rise * level, z, 0.17, 0.07, material.timber, seed + 9);
  }
  for (const side of [-1, 1]) {
    mesh.beam(
      side * half * 0.74,
      y + 0.1,
      side * half * 0.39,
      y + rise * 0.35,
      z,
      0.13,
      0.05,
      material.timber,
      seed + 4,
    );
    addWindow(mesh, random, side * half * 0.19, y + 0.55, z, half * 0.26, rise * 0.36 - 0.75, seed);
  }
  const over = 0.42;
  const eave = half + over;
  const low = y - over * pitch;
  const ridge = y + rise + 0.02;
  for (const side of [-1, 1]) {
    const a = [side * eave, low, -depth - 0.3];
    const b = [side * eave, low, z + 0.45];
    const c = [0, ridge, z + 0.45];
    const d = [0, ridge, -depth - 0.3];
    mesh.quad(b, a, d, c, material.tile, seed);
    mesh.beam(side * eave, low - 0.12, 0, ridge - 0.14, z + 0.32, 0.28, 0.14, material.timber, seed + 13);
  }
  addChimney(
    mesh,
    random,
    random.between(0.3, 0.5) * half,
    y + rise * 0.5,
    -depth * random.between(0.3, 0.6),
    rise * 0.6 + 0.7,
    seed,
  );
}

function addEavesRoof(mesh, random, half, y, front, depth, pitch, seed) {
  const span = (depth + front) / 2;
  const middle = front - span;
  const rise = span * pitch;
  const over = 0.5;
  const low = y - over * pitch;
  const wide = half + 0.3;
  const ridge = y + rise;
  for (const side of [-1, 1]) {
    const z = middle + side * (span + over);
    mesh.quad(
      [-wide * side, low, z],
      [wide * side, low, z],
      [wide * side, ridge, middle],
      [-wide * side, ridge, middle],
      material.tile,
      seed,
    );
    const x = side * half;
    mesh.triangle([x, y, front], [x, y, -depth], [x, ridge, middle], material.plaster, seed, [
      0,
      0,
      span * 2,
      0,
      span,
      rise,
    ]);
  }
  mesh.box(
    -wide,
    low - 0.18,
    front + over - 0.06,
    wide,
    low + 0.05,
    front + over + 0.1,
    material.timber,
    seed + 1,
  );
  mesh.box(-wide, ridge - 0.1, middle - 0.14, wide, ridge + 0.1, middle + 0.14, material.ridge, seed);
  const dormers = half > 3.2 ? [-half * 0.5, half * 0.5] : [0];
  for (const x of dormers) addDormer(mesh, random, x, y + 0.35, front - 0.15, pitch, seed);
  addChimney(mesh, random, half * random.pick([-0.72, 0.72, 0.1]), ridge - 1, middle - 0.6, 2.3, seed);
}

function addDormer(mesh, random, x, y, z, pitch, seed) {
  const w = 0.85;
  const wall = 1.35;
  const back = z - (wall + 1.1) / pitch;
  mesh.box(x - w, y, back, x + w, y + wall, z, material.plaster, seed);
  mesh.triangle([x - w, y + wall, z], [x + w, y + wall, z], [x, y + wall + 1, z], material.plaster, seed);
  addWindow(mesh, random, x, y + 0.15, z, 1, 1.05, seed);
  for (const side of [-1, 1]) {
    const eave = x + side * (w + 0.22);
    const low = y + wall - 0.24;
    const high = y + wall + 1.04;
    mesh.quad(
      [eave, low, z + 0.3],
      [eave, low, back],
      [x, high, back - 0.6],
      [x, high, z + 0.3],
      material.tile,
      seed,
    );
    mesh.beam(eave, low - 0.06, x, high - 0.08, z + 0.2, 0.16, 0.1, material.timber, seed);
    mesh.beam(x + side * w * 0.92, y, x + side * w * 0.92, y + wall, z, 0.14, 0.06, material.timber, seed);
  }
}

function addChimney(mesh, random, x, y, z, height, seed) {
  mesh.box(x - 0.4, y, z - 0.4, x + 0.4, y + height, z + 0.4, material.brick, seed);
  mesh.box(x - 0.48, y + height - 0.22, z - 0.48, x + 0.48, y + height, z + 0.48, material.brick, seed + 1);
  for (const dx of [-0.18, 0.18]) {
    const tall = random.between(0.3, 0.5);
    mesh.box(
      x + dx - 0.11,
      y + height,
      z - 0.11,
      x + dx + 0.11,
      y + height + tall,
      z + 0.11,
      material.ridge,
      seed,
    );
  }
}

/** A church whose tower, with an eight-sided spire, stands on the frame's origin; its nave runs along -x. */
export function addChurch(mesh) {
  const s = 2.7;
  const top = 19;
  mesh.box(-s, -2, -s, s, top, s, material.stone, 91);
  for (const y of [8, 13.2, top])
    mesh.box(-s - 0.2, y - 0.2, -s - 0.2, s + 0.2, y + 0.2, s + 0.2, material.stone, 92);
  for (const x of [-s, s]) {
    for (const z of [-s, s]) mesh.box(x - 0.4, -2, z - 0.4, x + 0.4, 13, z + 0.4, material.stone, 93);
  }
  const faces = [
    (u, v, out) => [u, v, s + out],
    (u, v, out) => [s + out, v, -u],
    (u, v, out) => [-s - out, v, u],
  ];
  for (const face of faces) {
    for (const x of [-1, 1]) addArch(mesh, face, x, 14.2, 0.55, 2.6, material.dark);
    addArch(mesh, face, 0, 4.2, 0.6, 2.4, material.dark);
    addDial(mesh, face, 0, 11, 1.25);
  }
  const rim = 8;
  const ring = (radius, y) =>
    Array.from({ length: rim }, (_, i) => {
      const angle = ((i + 0.5) / rim) * Math.PI * 2;
      return [Math.cos(angle) * radius, y, Math.sin(angle) * radius];
    });
  const skirt = ring(3.9, top + 0.1);
  const neck = ring(2.15, top + 2.6);
  const tip = [0, top + 15.5, 0];
  for (let i = 0; i < rim; i++) {
    const j = (i + 1) % rim;
    mesh.quad(skirt[i], skirt[j], neck[j], neck[i], material.slate, 4);
    const side = Math.hypot(neck[i][0] - neck[j][0], neck[i][2] - neck[j][2]);
    mesh.triangle(neck[i], neck[j], tip, material.slate, 4, [0, 0, side, 0, side / 2, 13]);
  }
  mesh.box(-0.06, top + 15, -0.06, 0.06, top + 18, 0.06, material.gold);
  mesh.box(-0.6, top + 16.8, -0.06, 0.6, top + 16.95, 0.06, material.gold);
  addNave(mesh, s);
}

function addNave(mesh, s) {
  const near = 4.2;
  const far = -4.2;
  const end = -19;
  mesh.box(end, -2, far, -s, 9, near, material.stone, 95);
  mesh.quad(
    [end - 0.4, 8.6, near + 0.6],
    [-s, 8.6, near + 0.6],
    [-s, 15.4, 0],
    [end - 0.4, 15.4, 0],
    material.slate,
    6,
  );
  mesh.quad(
    [-s, 8.6, far - 0.6],
    [end - 0.4, 8.6, far - 0.6],
    [end - 0.4, 15.4, 0],
    [-s, 15.4, 0],
    material.slate,
    6,
  );
  mesh.triangle([end, 9, far], [end, 9, near], [end, 15.4, 0], material.stone, 95, [0, 0, 8.4, 0, 4.2, 6.4]);
  const wall = (u, v, out) => [u, v, near + out];
  for (let x = end + 2; x < -s - 1; x += 3.2) addArch(mesh, wall, x, 3, 0.7, 3.6, material.dark);
}

/** A pointed opening: a flat panel with a moulding, laid on a wall given by face(u, v, out). */
function addArch(mesh, face, x, y, w, height, kind) {
  const outline = (grow) => {
    const points = [
      [x + w + grow, y - grow],
      [x + w + grow, y + height * 0.62],
    ];
    for (let i = 1; i < 6; i++) {
      const t = i / 6;
      points.push([
        x + (w + grow) * Math.cos((t * Math.PI) / 2),
        y + height * 0.62 + (height * 0.38 + grow) * Math.sin((t * Math.PI) / 2) ** 0.8,
      ]);
    }
    points.push([x, y + height + grow]);
    const mirrored = points.slice(0, -1).reverse();
    return [...points, ...mirrored.map(([px, py]) => [2 * x - px, py])];
  };
  const panels = [
    [outline(0.22), 0.05, material.trim],
    [outline(0), 0.08, kind],
  ];
  for (const [points, out, panel] of panels) {
    const hub = face(x, y + height * 0.5, out);
    for (let i = 0; i < points.length; i++) {
      const j = (i + 1) % points.length;
      mesh.triangle(hub, face(...points[i], out), face(...points[j], out), panel, 3);
    }
  }
}

function addDial(mesh, face, x, y, radius) {
  const disc = (r, out, kind) => {
    for (let i = 0; i < 20; i++) {
      const [a, b] = [(i / 20) * Math.PI * 2, ((i + 1) / 20) * Math.PI * 2];
      mesh.triangle(
        face(x, y, out),
        face(x + r * Math.cos(a), y + r * Math.sin(a), out),
        face(x + r * Math.cos(b), y + r * Math.sin(b), out),
        kind,
      );
    }
  };
  disc(radius, 0.06, material.gold);
  disc(radius * 0.86, 0.09, material.frame);
  for (const [angle, length] of [
    [0.9, 0.72],
    [2.5, 0.5],
  ]) {
    const [c, s] = [Math.cos(angle) * radius * length, Math.sin(angle) * radius * length];
    mesh.triangle(
      face(x - s * 0.12, y + c * 0.12, 0.12),
      face(x + s * 0.12, y - c * 0.12, 0.12),
      face(x + c, y + s, 0.12),
      material.dark,
    );
  }
}

/** A wall along the bank with a coping, a paved walk, bollards and a lawn that rises behind it. */
export function addQuay(mesh, bank, level) {
  const at = (t, back, y) => {
    const { x, z, nx, nz } = bank(t);
    return [x + nx * back, y, z + nz * back];
  };
  const steps = 64;
  let run = 0;
  for (let i = 0; i < steps; i++) {
    const [s, t] = [i / steps, (i + 1) / steps];
    const [a, b] = [at(s, 0, -0.6), at(t, 0, -0.6)];
    mesh.quad(a, b, at(t, 0, level - 0.2), at(s, 0, level - 0.2), material.quay, 50, run);
    mesh.quad(
      at(s, -0.14, level - 0.2),
      at(t, -0.14, level - 0.2),
      at(t, -0.14, level + 0.06),
      at(s, -0.14, level + 0.06),
      material.trim,
      51,
      run,
    );
    mesh.quad(
      at(s, -0.14, level + 0.06),
      at(t, -0.14, level + 0.06),
      at(t, 0.6, level + 0.06),
      at(s, 0.6, level + 0.06),
      material.trim,
      52,
      run,
    );
    mesh.quad(
      at(s, 0.6, level),
      at(t, 0.6, level),
      at(t, 6, level + 0.1),
      at(s, 6, level + 0.1),
      material.paving,
      53,
      run,
    );
    mesh.quad(
      at(s, 6, level + 0.1),
      at(t, 6, level + 0.1),
      at(t, 60, level + 7),
      at(s, 60, level + 7),
      material.grass,
      54,
      run,
    );
    run += Math.hypot(b[0] - a[0], b[2] - a[2]);
  }
  for (let i = 1; i < 30; i++) {
    const { x, z } = bank(i / 30);
    mesh.place(x, level, z, 0);
    mesh.box(-0.13, 0, 0.1, 0.13, 0.62, 0.36, material.dark, i);
  }
  mesh.place(0, 0, 0, 0);
}

/** A rowing boat afloat on the frame's origin, its bow towards +x. */
export function addBoat(mesh, seed) {
  const ribs = 14;
  const length = 2.3;
  const rib = (i) => {
    const s = (i / ribs) * 2 - 1;
    const beam = 0.82 * (s > 0 ? 1 - s ** 2.4 : 1 - 0.45 * s * s);
    const sheer = 0.42 + 0.26 * s * s + (s > 0 ? 0.12 * s : 0);
    return { x: s * length, beam, sheer };
  };
  for (let i = 0; i < ribs; i++) {
    const [a, b] = [rib(i), rib(i + 1)];
    for (const side of [-1, 1]) {
      const strake = (r, h, w) => [r.x, h * r.sheer, side * r.beam * w];
      mesh.quad(
        strake(a, -0.4, 0.55),
        strake(b, -0.4, 0.55),
        strake(b, 0.6, 0.92),
        strake(a, 0.6, 0.92),
        material.hull,
        seed,
        i * 0.33,
        0,
      );
      mesh.quad(
        strake(a, 0.6, 0.92),
        strake(b, 0.6, 0.92),
        strake(b, 1, 1),
        strake(a, 1, 1),
        material.hull,
        seed + 1,
        i * 0.33,
        0,
      );
      mesh.quad(
        strake(a, 1, 1.06),
        strake(b, 1, 1.06),
        strake(b, 1, 0.86),
        strake(a, 1, 0.86),
        material.frame,
        2,
      );
      mesh.quad(
        strake(a, 0.2, 0),
        strake(b, 0.2, 0),
        strake(b, 0.25, 0.75),
        strake(a, 0.25, 0.75),
        material.wood,
        seed,
      );
    }
  }
  const stern = rib(0);
  mesh.quad(
    [stern.x, -0.2, -stern.beam],
    [stern.x, -0.2, stern.beam],
    [stern.x, stern.sheer, stern.beam],
    [stern.x, stern.sheer, -stern.beam],
    material.hull,
    seed,
  );
  for (const x of [-1.4, -0.2, 0.9])
    mesh.box(x - 0.14, 0.28, -0.66, x + 0.14, 0.36, 0.66, material.wood, seed);
}
