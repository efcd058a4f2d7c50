// The growing things of the river scene, as triangles: trees made of clumps of leaves, willows and reeds.
import { material } from './materials.mjs';
import { addLeaf } from './town.mjs';

function addLimb(mesh, from, to, r0, r1) {
  const sides = 6;
  const ring = ([x, y, z], r) =>
    Array.from({ length: sides }, (_, i) => {
      const angle = (i / sides) * Math.PI * 2;
      return [x + Math.cos(angle) * r, y, z + Math.sin(angle) * r];
    });
  const [low, high] = [ring(from, r0), ring(to, r1)];
  for (let i = 0; i < sides; i++) {
    const j = (i + 1) % sides;
    mesh.quad(low[i], low[j], high[j], high[i], material.bark, i);
  }
}

function addClump(mesh, random, [x, y, z], radius, tall, leaves, size, kind) {
  for (let i = 0; i < leaves; i++) {
    const height = random.between(-1, 1);
    const angle = random() * Math.PI * 2;
    const r = radius * (0.55 + 0.5 * random()) * (0.9 + 0.2 * random.normal() * 0.5);
    const flat = Math.sqrt(1 - height * height) * r;
    addLeaf(
      mesh,
      random,
      x + Math.cos(angle) * flat,
      y + height * r * tall,
      z + Math.sin(angle) * flat,
      size,
      kind,
    );
  }
}

/** A round-headed tree on the frame's origin. */
export function addTree(mesh, random, height, leaves, kind = material.leaf) {
  const fork = height * 0.36;
  addLimb(mesh, [0, -1, 0], [0, fork, 0], height * 0.04, height * 0.026);
  const clumps = 13;
  for (let i = 0; i < clumps; i++) {
    const angle = i * 2.4 + random.between(-0.3, 0.3);
    const up = (i + 0.5) / clumps;
    const out = height * 0.3 * Math.sqrt(Math.max(0.05, 1 - (up * 1.05) ** 2)) * random.between(0.6, 1.1);
    const centre = [Math.cos(angle) * out, height * (0.4 + 0.52 * up), Math.sin(angle) * out];
    addLimb(mesh, [0, fork * random.between(0.75, 1), 0], centre, height * 0.014, height * 0.004);
    addClump(
      mesh,
      random,
      centre,
      height * random.between(0.12, 0.19),
      0.8,
      leaves / clumps,
      height * 0.0072,
      kind,
    );
  }
}

/** A tall, narrow tree. */
export function addPoplar(mesh, random, height, leaves) {
  addLimb(mesh, [0, -1, 0], [0, height * 0.9, 0], height * 0.02, height * 0.003);
  for (let i = 0; i < leaves; i++) {
    const up = random();
    const width = height * 0.1 * Math.sin(Math.PI * Math.min(1, up * 0.9 + 0.12)) ** 0.7;
    const angle = random() * Math.PI * 2;
    const r = width * random.between(0.5, 1.1);
    addLeaf(
      mesh,
      random,
      Math.cos(angle) * r,
      height * (0.1 + 0.9 * up),
      Math.sin(angle) * r,
      height * 0.011,
      material.poplar,
    );
  }
}

/** A weeping willow: boughs that arch outward, with strands of narrow leaves hanging from them. */
export function addWillow(mesh, random, height, strands) {
  addLimb(mesh, [0, -1, 0], [0.3, height * 0.45, 0], height * 0.06, height * 0.04);
  for (let i = 0; i < 9; i++) {
    const angle = i * 0.7;
    const end = [Math.cos(angle) * height * 0.28, height * 0.8, Math.sin(angle) * height * 0.28];
    addLimb(mesh, [0.3, height * 0.42, 0], end, height * 0.022, height * 0.006);
  }
  for (let i = 0; i < strands; i++) {
    const angle = random() * Math.PI * 2;
    const out = Math.sqrt(random()) * height * 0.46;
    const top = height * (1 - 0.34 * (out / (height * 0.46)) ** 2.2) * random.between(0.93, 1.02);
    const clump = 0.5 + 0.5 * Math.sin(angle * 5 + out * 1.3);
    const drop = height * random.between(0.12, 0.3 + 0.34 * clump) * (0.5 + out / (height * 0.46));
    const lean = random.between(0, 0.16);
    const low = Math.max(0.4, top - drop);
    for (let y = top; y > low; y -= 0.16) {
      const fall = (top - y) * lean;
      const x = Math.cos(angle) * (out + fall) + random.normal() * 0.04;
      const z = Math.sin(angle) * (out + fall) + random.normal() * 0.04;
      const tilt = random.between(0, Math.PI * 2);
      const [sx, sz] = [Math.cos(tilt) * 0.05, Math.sin(tilt) * 0.05];
      const seed = Math.floor(random() * 4096);
      mesh.triangle(
        [x - sx, y, z - sz],
        [x + sx, y, z + sz],
        [x + sx * 2, y - 0.3, z + sz * 2],
        material.willow,
        seed,
      );
    }
  }
}

/** A stand of reeds around the frame's origin. */
export function addReeds(mesh, random, spread, count, height) {
  for (let i = 0; i < count; i++) {
    const x = random.normal() * spread;
    const z = random.normal() * spread * 0.5;
    const tall = height * random.between(0.5, 1);
    const [bx, bz] = [random.normal() * 0.22 * tall, random.normal() * 0.22 * tall];
    const w = 0.022;
    const seed = Math.floor(random() * 4096);
    const knee = [x + bx * 0.35, tall * 0.6, z + bz * 0.35];
    mesh.triangle([x - w, -0.3, z], [x + w, -0.3, z], knee, material.reed, seed);
    mesh.triangle(
      [knee[0] - w, tall * 0.5, knee[2]],
      [knee[0] + w, tall * 0.5, knee[2]],
      [x + bx, tall, z + bz],
      material.reed,
      seed,
    );
  }
}

/** Grass blades over a strip of bank: at(s, back) gives a point for s along it and back away from the water. */
export function addGrass(mesh, random, at, count, depth) {
  for (let i = 0; i < count; i++) {
    const [x, y, z] = at(random(), random() ** 1.6 * depth);
    const tall = random.between(0.12, 0.42);
    const w = random.between(0.015, 0.035);
    const tip = [x + random.normal() * 0.12, y + tall, z + random.normal() * 0.12];
    mesh.triangle(
      [x - w, y - 0.05, z],
      [x + w, y - 0.05, z],
      tip,
      material.blade,
      Math.floor(random() * 4096),
    );
  }
}
