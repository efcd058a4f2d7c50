// Draws an evening view over a river: half-timbered houses along a quay, a church, trees and boats, with
// their reflections. The scene is a triangle mesh, ray traced with a low sun, sky light, haze and rippled water.
import { addGrass, addPoplar, addReeds, addTree, addWillow } from './growth.mjs';
import { ink, material, materials } from './materials.mjs';
import { Mesh } from './mesh.mjs';
import { encode, light } from './picture.mjs';
import { clamp, fractal, makeRandom, mix, noise, smoothstep } from './random.mjs';
import { addBoat, addChurch, addHouse, addQuay } from './town.mjs';

const WIDTH = 768;
const HEIGHT = 512;
const COLUMNS = 2; // samples a pixel, across
const ROWS = 3; // and down
const QUAY = 1.5; // height of the quay above the water

const EYE = [1.5, 4.1, -9];
const YAW = 0.075;
const PITCH = 0.082;
const FIELD = 0.515; // half the picture's width, at distance 1

const SUN = unit([0.66, 0.44, -0.66]);
const SUN_LIGHT = [3.5, 2.3, 1.25];
const SKY_LIGHT = [0.34, 0.42, 0.6];
const GROUND_LIGHT = [0.2, 0.15, 0.1];
const HAZE = [0.72, 0.6, 0.52];
const WATER = light('#1d2f2c');

const zenith = light('#5582b4');
const upper = light('#a5bccd');
const lower = light('#f1d4a6');
const glow = light('#f6b878');
const cloudLit = light('#ffe3bd');
const cloudShade = light('#93889c');
const farHill = light('#8c95a3');
const nearHill = light('#6f7c72');

function unit([x, y, z]) {
  const n = Math.hypot(x, y, z);
  return [x / n, y / n, z / n];
}

/** A bank as a bent line: its point at t, and the direction away from the water. */
function makeBank([ax, az], [bx, bz], [cx, cz], side) {
  return (t) => {
    const [p, q, r] = [(1 - t) * (1 - t), 2 * t * (1 - t), t * t];
    const dx = mix(bx - ax, cx - bx, t);
    const dz = mix(bz - az, cz - bz, t);
    const n = Math.hypot(dx, dz) * side;
    return {
      x: p * ax + q * bx + r * cx,
      z: p * az + q * bz + r * cz,
      nx: -dz / n,
      nz: dx / n,
      turn: Math.atan2(dz, dx) + Math.PI,
    };
  };
}

function buildScene() {
  const random = makeRandom(20151);
  const mesh = new Mesh();
  const town = makeBank([-19, 6], [-15, 42], [46, 66], 1);
  addQuay(mesh, town, QUAY);
  addTown(mesh, random, town);
  addFarBank(mesh, random, town);
  addNearBank(mesh, random);
  for (const [x, z, turn, seed] of [
    [-5.2, 16.5, 0.42, 0],
    [0.6, 23.5, 2.7, 2],
    [9.5, 38.2, 0.42, 3],
  ]) {
    mesh.place(x, 0, z, turn);
    addBoat(mesh, seed);
  }
  mesh.place(0, 0, 0);
  return mesh.build();
}

function addTown(mesh, random, bank) {
  const styles = [
    { width: 6.4, depth: 9, storeys: 2, gable: true, pitch: 1.35 },
    { width: 7.6, depth: 8, storeys: 1, gable: false, pitch: 1.1 },
    { width: 6, depth: 9, storeys: 2, gable: true, pitch: 1.5 },
    { width: 6.6, depth: 9, storeys: 2, gable: false, pitch: 1.15 },
    { width: 5.8, depth: 9, storeys: 1, gable: true, pitch: 1.45 },
    { width: 7.4, depth: 8, storeys: 2, gable: true, pitch: 1.2 },
    { width: 6.4, depth: 8, storeys: 1, gable: false, pitch: 1.2 },
    { width: 6.2, depth: 9, storeys: 2, gable: true, pitch: 1.45 },
    { width: 7, depth: 9, storeys: 1, gable: true, pitch: 1.15 },
    { width: 6.8, depth: 8, storeys: 1, gable: false, pitch: 1.1 },
  ];
  const setback = 3.6;
  let t = 0.13;
  for (const [i, style] of styles.entries()) {
    const ahead = advance(bank, t, style.width * 0.5 + 0.25);
    const { x, z, nx, nz, turn } = bank(ahead);
    mesh.place(x + nx * setback, QUAY, z + nz * setback, turn);
    addHouse(mesh, random, { ...style, seed: i * 7 + 1 });
    t = advance(bank, ahead, style.width * 0.5 + 0.25);
  }
  // A second row, seen between and above the first.
  for (let i = 0; i < 8; i++) {
    const { x, z, nx, nz, turn } = bank(0.2 + i * 0.095);
    const back = 19 + (i % 3) * 3;
    mesh.place(x + nx * back, QUAY + 1.8, z + nz * back, turn + random.between(-0.2, 0.2));
    addHouse(mesh, random, {
      width: 7,
      depth: 8,
      storeys: 2,
      gable: i % 2 === 0,
      pitch: 1.2,
      seed: i * 5 + 2,
    });
  }
  mesh.place(13, QUAY + 1, 82, -0.35 + Math.PI);
  addChurch(mesh);
  for (const [place, back, height] of [
    [0.36, 15, 19],
    [0.57, 15, 17],
    [0.86, 15, 17],
    [0.7, 2, 5],
    [0.83, 9, 11],
    [0.87, 5, 9],
    [0.92, 7, 12],
    [0.97, 4, 9],
  ]) {
    const { x, z, nx, nz } = bank(place);
    mesh.place(x + nx * back, QUAY, z + nz * back);
    addTree(mesh, random, height, 9000, random() < 0.3 ? material.autumn : material.leaf);
  }
  mesh.place(0, 0, 0);
}

/** The t that lies a distance further along the bank. */
function advance(bank, t, distance) {
  let from = bank(t);
  for (let gone = 0; gone < distance; ) {
    t += 0.0005;
    const to = bank(t);
    gone += Math.hypot(to.x - from.x, to.z - from.z);
    from = to;
  }
  return t;
}

function addFarBank(mesh, random, bank) {
  mesh.quad([20, 1.2, 70], [160, 1.2, 70], [160, 8, 190], [20, 8, 190], material.grass);
  for (let i = 0; i < 14; i++) {
    mesh.place(44 + i * 4.2 + random.between(-1, 1), 1.6, 78 + i * 2.2 + random.between(-3, 3));
    addPoplar(mesh, random, random.between(11, 17), 1100);
  }
  const { x, z } = bank(1);
  mesh.place(x, 0, z);
  mesh.box(0, -0.6, -1, 120, 1.2, 4, material.quay, 50);
  mesh.place(0, 0, 0);
}

function addNearBank(mesh, random) {
  const edge = makeBank([4.4, -9], [7.6, 22], [60, 45], -1);
  const rise = (back) => 0.02 + 1.25 * smoothstep(0, 3.4, back) + back * 0.03;
  const at = (s, back) => {
    const { x, z, nx, nz } = edge(s);
    const wobble = 0.7 * noise(s * 21, 3) + 0.3 * noise(s * 70, 9);
    return [x + nx * (back + wobble), rise(back) + 0.08 * noise(x + back, z), z + nz * (back + wobble)];
  };
  const [along, across] = [90, 9];
  for (let i = 0; i < along; i++) {
    for (let j = 0; j < across; j++) {
      const [s0, s1] = [i / along, (i + 1) / along];
      const [b0, b1] = [(j / across) ** 2 * 30 - 0.35, ((j + 1) / across) ** 2 * 30 - 0.35];
      mesh.quad(at(s0, b0), at(s1, b0), at(s1, b1), at(s0, b1), material.grass, 0, i * 0.9, b0);
    }
  }
  addGrass(mesh, random, at, 26000, 9);
  for (let i = 0; i < 16; i++) {
    const [x, , z] = at(0.13 + i * 0.028 + random.between(-0.01, 0.01), -0.5);
    mesh.place(x, 0, z);
    addReeds(mesh, random, 0.42, 70, random.between(0.9, 1.7));
  }
  const [wx, wy, wz] = at(0.43, 2.6);
  mesh.place(wx, wy, wz);
  addWillow(mesh, random, 11, 1500);
  for (const [s, back, height] of [
    [0.62, 6, 8],
    [0.74, 5, 9],
    [0.86, 8, 10],
  ]) {
    const [x, y, z] = at(s, back);
    mesh.place(x, y, z);
    addTree(mesh, random, height, 4500, material.leaf);
  }
  mesh.place(0, 0, 0);
}

const air = new Float64Array(3);

/** The sky in a direction, with clouds and two lines of hills; the answer is in air. */
function lookAtSky(dx, dy, dz) {
  const azimuth = Math.atan2(dx, dz);
  const height = Math.max(dy, 0);
  const warm = 0.55 + 0.45 * Math.sin(azimuth + 0.4);
  const high = smoothstep(0.16, 0.75, height);
  const low = 1 - smoothstep(0, 0.24, height);
  for (let k = 0; k < 3; k++) {
    const base = mix(upper[k], zenith[k], high);
    air[k] = mix(base, mix(lower[k], glow[k], warm * low), low * 0.92);
  }
  const reach = 1 / (height + 0.24);
  const cx = dx * reach * 1.5 + 3.2;
  const cz = dz * reach * 2.3 + 0.4;
  const bend = 0.6 * noise(cx * 0.9, cz * 0.9 + 5);
  const thick = fractal(cx + bend, cz - bend, 5);
  const cover = smoothstep(-0.08, 0.26, thick) * smoothstep(0.015, 0.12, height);
  if (cover > 0) {
    const towards = fractal(cx + bend + 0.16, cz - bend - 0.1, 4);
    const lit = clamp(0.5 + 1.9 * (thick - towards) - 0.5 * smoothstep(0.25, 0.6, thick) + 0.3);
    for (let k = 0; k < 3; k++) air[k] = mix(air[k], mix(cloudShade[k], cloudLit[k], lit), cover * 0.88);
  }
  hill(azimuth, dy, 0.062 + 0.03 * noise(azimuth * 3.1, 1) + 0.004 * noise(azimuth * 40, 2), farHill, 0.62);
  hill(
    azimuth,
    dy,
    0.034 + 0.02 * noise(azimuth * 4.7, 8) + 0.005 * fractal(azimuth * 90, 3, 3),
    nearHill,
    0.42,
  );
}

function hill(azimuth, dy, ridge, color, haze) {
  const cover = smoothstep(-0.0012, 0.0012, ridge - dy);
  if (cover === 0) return;
  const grain = 1 + 0.25 * fractal(azimuth * 60, dy * 180, 3);
  const depth = haze + 0.3 * (1 - clamp(dy / ridge));
  for (let k = 0; k < 3; k++) air[k] = mix(air[k], mix(color[k] * grain, HAZE[k], depth), cover);
}

const seen = new Float64Array(3);

/** Follows a ray into the scene; the light that comes back along it is left in seen. */
function look(scene, random, ox, oy, oz, dx, dy, dz, bounce) {
  const found = scene.hit(ox, oy, oz, dx, dy, dz, 400);
  const far = scene.t;
  const toWater = dy < 0 ? -oy / dy : Infinity;
  if (toWater < far && toWater < 400 && bounce === 0) {
    lookAtWater(scene, random, ox + dx * toWater, oz + dz * toWater, dx, dy, dz, toWater);
    return;
  }
  if (found < 0) {
    lookAtSky(dx, dy, dz);
    seen.set(air);
    return;
  }
  shade(scene, random, found, ox + dx * far, oy + dy * far, oz + dz * far, dx, dy, dz, bounce);
  addHaze(far, dx);
}

function addHaze(distance, dx) {
  const fog = 0.75 * (1 - Math.exp(-Math.max(0, distance - 26) / 230));
  const warm = 1 + 0.25 * dx;
  seen[0] = mix(seen[0], HAZE[0] * warm, fog);
  seen[1] = mix(seen[1], HAZE[1], fog);
  seen[2] = mix(seen[2], HAZE[2] / warm, fog);
}

function shade(scene, random, triangle, px, py, pz, dx, dy, dz, bounce) {
  const { shape, uvs, u, v } = scene;
  const kind = materials[scene.materials[triangle]];
  const a = triangle * 6;
  const w = 1 - u - v;
  kind.paint(
    uvs[a] * w + uvs[a + 2] * u + uvs[a + 4] * v,
    uvs[a + 1] * w + uvs[a + 3] * u + uvs[a + 5] * v,
    scene.seeds[triangle],
  );
  if (kind.glow) {
    seen.set(ink);
    return;
  }
  let nx = shape[triangle * 12 + 9];
  let ny = shape[triangle * 12 + 10];
  let nz = shape[triangle * 12 + 11];
  if (nx * dx + ny * dy + nz * dz > 0) {
    nx = -nx;
    ny = -ny;
    nz = -nz;
  }
  const r = ink[0];
  const g = ink[1];
  const b = ink[2];
  const sx = px + nx * 0.004;
  const sy = py + ny * 0.004;
  const sz = pz + nz * 0.004;

  let facing = nx * SUN[0] + ny * SUN[1] + nz * SUN[2];
  if (kind.leafy) facing = facing > 0 ? 0.25 + 0.75 * facing : 0.25 - 0.4 * facing;
  if (facing > 0) {
    const soft = 0.018;
    const lx = SUN[0] + soft * (random() - 0.5);
    const ly = SUN[1] + soft * (random() - 0.5);
    const lz = SUN[2] + soft * (random() - 0.5);
    if (scene.hit(sx, sy, sz, lx, ly, lz, 120, true) >= 0) facing = 0;
  } else facing = 0;

  let open = 0.8;
  if (bounce === 0) {
    const ax = nx + 1.4 * (random() - 0.5);
    const ay = ny + 1.4 * (random() - 0.5);
    const az = nz + 1.4 * (random() - 0.5);
    open = scene.hit(sx, sy, sz, ax, ay, az, 2.2, true) >= 0 ? 0.35 : 1;
  }
  const up = (0.5 + 0.5 * ny) * open;
  const down = (0.5 - 0.5 * ny) * open;
  const warm = open * (0.1 + 0.12 * Math.max(0, nx));
  seen[0] = r * (SUN_LIGHT[0] * facing + SKY_LIGHT[0] * up + GROUND_LIGHT[0] * down + warm);
  seen[1] = g * (SUN_LIGHT[1] * facing + SKY_LIGHT[1] * up + GROUND_LIGHT[1] * down + warm * 0.75);
  seen[2] = b * (SUN_LIGHT[2] * facing + SKY_LIGHT[2] * up + GROUND_LIGHT[2] * down + warm * 0.55);

  if (kind.mirror) {
    const d = 2 * (dx * nx + dy * ny + dz * nz);
    lookAtSky(dx - d * nx, dy - d * ny + 0.12, dz - d * nz);
    for (let k = 0; k < 3; k++) seen[k] = seen[k] * 0.6 + air[k] * 0.4;
  }
}

/** Ripples: the slope of the water, in x and z, left in wave. */
const wave = new Float64Array(2);
function ripple(x, z, distance) {
  const calm = 0.45 + 0.55 * smoothstep(-0.3, 0.45, fractal(x * 0.06 + 2, z * 0.1, 3));
  const fade = 1 / (1 + distance * 0.016);
  const fine = 0.008 / (1 + distance * 0.05);
  const e = 0.03;
  const level = (px, pz) =>
    0.05 * noise(px * 0.5, pz * 0.95) +
    0.02 * noise(px * 1.4 + pz * 0.4, pz * 2.3) +
    fine * noise(px * 3.7 - pz, pz * 6.1);
  const here = level(x, z);
  wave[0] = ((level(x + e, z) - here) / e) * 0.3 * calm * fade;
  wave[1] = ((level(x, z + e) - here) / e) * 0.3 * calm * fade;
}

function lookAtWater(scene, random, x, z, dx, dy, dz, distance) {
  ripple(x, z, distance);
  const n = 1 / Math.sqrt(1 + wave[0] * wave[0] + wave[1] * wave[1]);
  const nx = -wave[0] * n;
  const nz = -wave[1] * n;
  const cos = Math.max(0.02, -(dx * nx + dy * n + dz * nz));
  const mirror = 0.03 + 0.97 * (1 - cos) ** 4.2;
  const rx = dx + 2 * cos * nx;
  const ry = Math.max(0.004, dy + 2 * cos * n);
  const rz = dz + 2 * cos * nz;
  look(scene, random, x, 0.002, z, rx, ry, rz, 1);
  for (let k = 0; k < 3; k++) seen[k] = mix(WATER[k] * 0.8, seen[k] * 0.93, mirror);
  addHaze(distance, dx);
}

/** A soft shoulder for the highlights, then the stored curve. */
function develop(c) {
  const x = c * 0.62;
  return encode(clamp((x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14)));
}

export function drawRiver() {
  const scene = buildScene();
  const random = makeRandom(11);
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  const [cosYaw, sinYaw] = [Math.cos(YAW), Math.sin(YAW)];
  const [cosPitch, sinPitch] = [Math.cos(PITCH), Math.sin(PITCH)];
  const sum = new Float64Array(3);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      sum.fill(0);
      for (let s = 0; s < COLUMNS * ROWS; s++) {
        const px = ((x + ((s % COLUMNS) + random()) / COLUMNS) / WIDTH - 0.5) * 2 * FIELD;
        const py =
          (0.5 - (y + (Math.floor(s / COLUMNS) + random()) / ROWS) / HEIGHT) * 2 * FIELD * (HEIGHT / WIDTH);
        const cy = py * cosPitch + sinPitch;
        const cz = cosPitch - py * sinPitch;
        const n = 1 / Math.sqrt(px * px + cy * cy + cz * cz);
        look(
          scene,
          random,
          EYE[0],
          EYE[1],
          EYE[2],
          (px * cosYaw + cz * sinYaw) * n,
          cy * n,
          (cz * cosYaw - px * sinYaw) * n,
          0,
        );
        for (let k = 0; k < 3; k++) sum[k] += Math.min(seen[k], 4);
      }
      const edge = Math.hypot((x / WIDTH - 0.5) * 1.1, y / HEIGHT - 0.5);
      const vignette = (1 - 0.5 * edge ** 2.4) / (COLUMNS * ROWS);
      const grain = random.normal() * 2.2;
      for (let k = 0; k < 3; k++) {
        data[(y * WIDTH + x) * 3 + k] = clamp(
          Math.round(develop(sum[k] * vignette) * 255 + grain + random.normal() * 0.8),
          0,
          255,
        );
      }
    }
  }
  return { width: WIDTH, height: HEIGHT, data };
}
